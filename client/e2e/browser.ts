import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { findChromium } from '../../scripts/find-chromium.mjs'
import { ADMIN_TOKEN, type RunningServer } from './server.ts'

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findChromium(), args: ['--no-sandbox'] })
}

/** A page in a browser whose settings block cookies, and with them all storage. */
export async function launchWithoutCookies(): Promise<{ page: Page; [Symbol.asyncDispose]: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'gaugeline-browser-'))
  await mkdir(join(folder, 'Default'))
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } }
  await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences))
  const options = { executablePath: await findChromium(), args: ['--no-sandbox'] }
  const context = await chromium.launchPersistentContext(folder, options)
  return {
    page: await context.newPage(),
    async [Symbol.asyncDispose]() {
      await context.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * A page of somebody who is signed in with a token. `consoleProblems` collects the page's errors and warnings.
 */
export async function signedInPage(
  browser: Browser,
  server: RunningServer,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; context: BrowserContext; consoleProblems: string[] }> {
  const desktop = { viewport: { width: 1440, height: 900 }, baseURL: server.origin }
  const context = await browser.newContext({ ...desktop, ...options })
  const answer = await context.request.post('/session', { data: { token: ADMIN_TOKEN } })
  if (!answer.ok()) throw new Error(`Signing in was answered with ${answer.status()}`)
  const page = await context.newPage()
  return { page, context, consoleProblems: consoleProblemsOf(page) }
}

/** Collects uncaught errors, and the warnings and errors that the page writes to the console. */
export function consoleProblemsOf(page: Page): string[] {
  const consoleProblems: string[] = []
  page.on('pageerror', (error) => consoleProblems.push(error.stack ?? error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') consoleProblems.push(message.text())
  })
  return consoleProblems
}

/** What the first chart of the page draws; see `client/src/charts/time-chart.tsx`. */
export async function drawnSeries(page: Page): Promise<Record<'points' | 'newest' | 'longestStep' | 'step', number>> {
  const chart = page.locator('[data-points]').first()
  return chart.evaluate((element: HTMLElement) => ({
    points: Number(element.dataset['points']),
    newest: Number(element.dataset['newest']),
    longestStep: Number(element.dataset['longestStep']),
    step: Number(element.dataset['step']),
  }))
}

/** Waits until the chart has drawn a window that started at or after `second`. */
export async function waitForWindow(page: Page, second: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(document.querySelector<HTMLElement>('[data-newest]')?.dataset['newest']) >= wanted,
    second,
  )
}

/** Waits until the chart draws at least this many windows. */
export async function waitForPoints(page: Page, least: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(document.querySelector<HTMLElement>('[data-points]')?.dataset['points']) >= wanted,
    least,
  )
}
