import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawnSeries, launchBrowser, signedInPage, waitForPoints, waitForWindow } from './browser.ts'
import { type RunningServer, startServer } from './server.ts'
import { activeIds, expectNewFigures, openTabs, OVER_WEBSOCKET } from './tabs.ts'

let server: RunningServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

const LISTS = ['/deployments', '/deployments', '/deployments']

describe('after an outage', () => {
  it('of the server, four tabs are back on WebSocket within 10 s, with new figures and without a gap', async () => {
    const { page, context } = await signedInPage(browser, server)
    const [id] = await activeIds(page)
    const tabs = await openTabs(context, page, [`/deployments/${id}?range=live`, ...LISTS])
    const lists = tabs.slice(1)
    await Promise.all(tabs.map((tab) => tab.locator(OVER_WEBSOCKET).waitFor()))
    await waitForPoints(page, 50)
    // Away from the charts: under the pointer, they show past figures.
    await page.mouse.move(0, 0)
    const before = await drawnSeries(page)
    await server.kill('SIGTERM')
    await page
      .getByRole('alert')
      .filter({ hasText: /Connection lost\s*since/ })
      .waitFor()
    await page
      .getByText(/^\d+ s old$/)
      .first()
      .waitFor()
    await server.start()
    const back = performance.now()
    await Promise.all(tabs.map((tab) => tab.locator(OVER_WEBSOCKET).waitFor()))
    const now = await page.evaluate(() => Math.floor(Date.now() / 1000))
    // The window that has begun before it, and ends after it.
    await Promise.all([waitForWindow(page, now - before.step), ...lists.map(expectNewFigures)])
    expect(performance.now() - back).toBeLessThan(10_000)
    expect((await drawnSeries(page)).longestStep).toBe(before.longestStep)
    expect(await page.getByText('Connection lost').count()).toBe(0)
    await context.close()
  })

  it('of the network, a tab is back on WebSocket', async () => {
    const { page, context } = await signedInPage(browser, server)
    await page.goto('/deployments')
    await page.locator(OVER_WEBSOCKET).waitFor()
    await context.setOffline(true)
    await page.locator('[data-connection="offline"]').waitFor()
    await context.setOffline(false)
    await page.locator(OVER_WEBSOCKET).waitFor()
    await expectNewFigures(page)
    await context.close()
  })
})
