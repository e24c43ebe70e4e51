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

/** The serious and critical problems that axe finds on the page. */
async function findings(page: Page, state: string): Promise<Finding[]> {
  // Evaluated through the browser's debugger, to which the page's content security policy does not apply.
  await page.evaluate(axe)
  const { violations } = await page.evaluate(async () => {
    const { axe: scanner } = window as unknown as { axe: { run(context: object): Promise<AxeResults> } }
    // Base UI's focus guards at the edges of a popup pass the focus on as soon as they receive it.
    return scanner.run({ exclude: ['[data-base-ui-focus-guard]'] })
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => ({
      state,
      rule: id,
      where: nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary ?? ''}`),
    }))
}

const DESKTOP: BrowserContextOptions = { viewport: { width: 1440, height: 900 } }
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

describe.each([
  { name: 'on a desktop, light', options: { ...DESKTOP, colorScheme: 'light' as const } },
  { name: 'on a desktop, dark', options: { ...DESKTOP, colorScheme: 'dark' as const } },
  { name: 'on a phone, light', options: { ...PHONE, colorScheme: 'light' as const } },
  { name: 'on a phone, dark', options: { ...PHONE, colorScheme: 'dark' as const } },
])('$name', ({ options }) => {
  it('every page and dialog is accessible', { timeout: 300_000 }, async () => {
    const { page, context } = await signedInPage(browser, server, { ...options, reducedMotion: 'reduce' })
    const found: Finding[] = []
    for (const { name, path, reach, signedOut } of states) {
      if (signedOut) continue
      await page.goto(path)
      await page.locator('main').waitFor()
      await reach?.(page)
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
      found.push(...(await findings(page, name)))
    }
    await context.clearCookies()
    await page.goto('/sign-in')
    await page.getByLabel('Token').waitFor()
    found.push(...(await findings(page, 'sign-in')))
    await context.close()
    expect(found).toEqual([])
  })
})
