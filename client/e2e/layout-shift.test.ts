import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, signedInPage, waitForWindow } from './browser.ts'
import { type RunningServer, startServer } from './server.ts'
import { findSubjects } from './states.ts'

/** Long enough for figures to gain and lose digits. */
const WATCHED_SECONDS = 20

let server: RunningServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

interface Shift {
  value: number
  moved: string[]
}

/** Records every layout shift on the page from now on. */
async function watchShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shifts: Shift[] = []
    Reflect.set(window, 'shifts', shifts)
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, sources } = entry as PerformanceEntry & { value: number; sources: { node: Node | null }[] }
        shifts.push({ value, moved: sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 200) ?? '') })
      }
    }).observe({ type: 'layout-shift', buffered: false })
  })
}

const isFleet = (payload: string | Buffer) => String(payload).includes('"fleetMetrics"')
const shiftsOf = (page: Page) => page.evaluate(() => Reflect.get(window, 'shifts') as Shift[])

describe('while figures change, nothing moves', () => {
  it.concurrent('on the list', async () => {
    const { page, context } = await signedInPage(browser, server)
    let messages = 0
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => (messages += isFleet(payload) ? 1 : 0)),
    )
    await page.goto('/deployments')
    await page.locator('[data-connection="live"]').waitFor()
    await expect.poll(() => page.locator('tbody td').nth(6).textContent()).toMatch(/\d/)
    await watchShifts(page)
    const before = messages
    await expect.poll(() => messages - before, { timeout: 60_000 }).toBeGreaterThanOrEqual(WATCHED_SECONDS)
    expect(await shiftsOf(page)).toEqual([])
    // The observer does see a shift when there is one.
    await page.evaluate(() => document.querySelector('main')?.prepend(document.createElement('hr'), 'pushed'))
    await expect.poll(async () => (await shiftsOf(page)).length).toBeGreaterThan(0)
    await context.close()
  })

  it.concurrent("on a deployment's page", async () => {
    const { page, context } = await signedInPage(browser, server)
    const { active } = await findSubjects(page)
    await page.goto(`/deployments/${active}`)
    // What is known of the deployment may come after its samples, and its note takes a line.
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.locator('[data-points]').first().waitFor()
    await page.locator('[data-connection="live"]').waitFor()
    const now = await page.evaluate(() => Math.floor(Date.now() / 1000))
    await waitForWindow(page, now)
    await watchShifts(page)
    await waitForWindow(page, now + WATCHED_SECONDS)
    expect(await shiftsOf(page)).toEqual([])
    await context.close()
  })
})
