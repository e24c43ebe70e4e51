import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { findChromium } from '../../scripts/find-chromium.mjs'
import { ADMIN_TOKEN, type RunningServer } from './server.ts'

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findChromium(), args: ['--no-sandbox'] })
}

/**
 * A page of somebody who is signed in by token. What the page reports as an error or warning is collected in
 * `complaints`.
 */
export async function signedInPage(
  browser: Browser,
  server: RunningServer,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; context: BrowserContext; complaints: string[] }> {
  const desk = { viewport: { width: 1440, height: 900 }, baseURL: server.origin }
  const context = await browser.newContext({ ...desk, ...options })
  const answer = await context.request.post('/session', { data: { token: ADMIN_TOKEN } })
  if (!answer.ok()) throw new Error(`Signing in was answered with ${answer.status()}`)
  const page = await context.newPage()
  return { page, context, complaints: complaintsOf(page) }
}

/** Uncaught errors and what the page writes to the console as warning or error. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  return complaints
}

/** What the first chart of the page draws; see `client/src/charts/time-chart.tsx`. */
export async function drawnSeries(page: Page): Promise<{ points: number; newest: number; longestStep: number }> {
  const chart = page.locator('[data-points]').first()
  return chart.evaluate((element: HTMLElement) => ({
    points: Number(element.dataset['points']),
    newest: Number(element.dataset['newest']),
    longestStep: Number(element.dataset['longestStep']),
  }))
}

/** Waits until the chart has drawn a window that began at or after `second`. */
export async function waitForWindow(page: Page, second: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(document.querySelector<HTMLElement>('[data-newest]')?.dataset['newest']) >= wanted,
    second,
  )
}

/** Waits until the chart draws at least so many windows. */
export async function waitForPoints(page: Page, least: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(document.querySelector<HTMLElement>('[data-points]')?.dataset['points']) >= wanted,
    least,
  )
}
