import { join } from 'node:path'
import { expect, it } from 'vitest'
import { playwrightCache, systemPlaces } from './find-chromium.mjs'

it('looks for Chromium in PATH before Chrome, and in the usual folders', () => {
  const places = systemPlaces({ platform: 'linux', env: { PATH: '/opt/mine:/usr/bin' } })
  expect(places[0]).toBe('/opt/mine/chromium')
  expect(places).toContain('/snap/bin/chromium')
  expect(places.indexOf('/usr/bin/chromium')).toBeLessThan(places.indexOf('/opt/mine/google-chrome'))
})

it('looks where macOS and Windows keep programs', () => {
  const mac = systemPlaces({ platform: 'darwin', env: { HOME: '/Users/a' } })
  expect(mac).toContain('/Applications/Google Chrome.app/Contents/MacOS/Google Chrome')
  const windows = systemPlaces({ platform: 'win32', env: { PROGRAMFILES: 'C' } })
  expect(windows).toContain(join('C', 'Google/Chrome/Application/chrome.exe'))
})

it('looks for the browsers of playwright in the folder that playwright is configured to use', () => {
  expect(playwrightCache({ platform: 'linux', env: { PLAYWRIGHT_BROWSERS_PATH: '/b' } })).toBe('/b')
  expect(playwrightCache({ platform: 'linux', env: { XDG_CACHE_HOME: '/c' } })).toBe(join('/c', 'ms-playwright'))
})
