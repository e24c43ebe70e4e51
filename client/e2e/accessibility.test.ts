import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, signedInPage } from './browser.ts'
import { type RunningServer, startServer } from './server.ts'
import { findSubjects, pageStates, type PageState } from './states.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let server: RunningServer
let browser: Browser
let states: PageState[]

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
  const { page, context } = await signedInPage(browser, server)
  states = pageStates(await findSubjects(page))
  await context.close()
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

interface Finding {
  state: string
  rule: string
  where: string[]
}

type Theme = 'light' | 'dark'

/**
 * The serious and critical problems that axe finds on the page in a theme. Nothing but colours differs from the light
 * one, so only their rules run in the dark one.
 */
async function findings(page: Page, state: string, theme: Theme): Promise<Finding[]> {
  await page.emulateMedia({ colorScheme: theme })
  await page.locator(`html[data-theme="${theme}"]`).waitFor()
  const { violations } = await page.evaluate(async (isLight) => {
    const { axe: scanner } = window as unknown as {
      axe: { run(context: object, options: object): Promise<AxeResults> }
    }
    // Base UI's focus guards at the edges of a popup pass the focus on as soon as they receive it.
    const context = { exclude: ['[data-base-ui-focus-guard]'] }
    // What is right is not told, which is most of what would be.
    return scanner.run(context, {
      resultTypes: ['violations'],
      ...(!isLight && { runOnly: ['color-contrast', 'link-in-text-block'] }),
    })
  }, theme === 'light')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => ({
      state: `${state}, ${theme}`,
      rule: id,
      where: nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary ?? ''}`),
    }))
}

async function findingsInBothThemes(page: Page, state: string): Promise<Finding[]> {
  // Evaluated through the browser's debugger, to which the page's content security policy does not apply.
  await page.evaluate(axe)
  return [...(await findings(page, state, 'light')), ...(await findings(page, state, 'dark'))]
}

const DESKTOP: BrowserContextOptions = { viewport: { width: 1440, height: 900 } }
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

describe.each([
  { name: 'on a desktop', options: DESKTOP },
  { name: 'on a phone', options: PHONE },
])('$name', ({ options }) => {
  it('every page and dialog is accessible, in the light and in the dark', { timeout: 300_000 }, async () => {
    const { page, context } = await signedInPage(browser, server, { ...options, reducedMotion: 'reduce' })
    const found: Finding[] = []
    for (const { name, path, reach, signedOut } of states) {
      if (signedOut) continue
      await page.emulateMedia({ colorScheme: 'light' })
      await page.goto(path)
      await page.locator('main').waitFor()
      await reach?.(page)
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
      found.push(...(await findingsInBothThemes(page, name)))
    }
    await context.clearCookies()
    await page.goto('/sign-in')
    await page.getByLabel('Token').waitFor()
    found.push(...(await findingsInBothThemes(page, 'sign-in')))
    await context.close()
    expect(found).toEqual([])
  })
})
