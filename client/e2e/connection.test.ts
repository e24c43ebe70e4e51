import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BlockingProxy, startBlockingProxy } from './blocking-proxy.ts'
import { launchBrowser, signedInPage, waitForWindow } from './browser.ts'
import { type RunningServer, startServer } from './server.ts'
import { findSubjects } from './states.ts'
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

const BLOCKED = 'over sse, since WebSocket is blocked on this network'

/** What a tab says of its connection: its word, its way and the reason for that. */
function stateOf(tab: Page): Promise<string> {
  return tab.locator('[data-connection]').evaluate((badge: HTMLElement) => {
    const [reason] = badge.title.split('.', 1)
    return `${badge.innerText} over ${badge.dataset['via']}, since ${reason}`
  })
}

describe('where WebSocket is blocked', () => {
  let proxy: BlockingProxy
  beforeAll(async () => {
    proxy = await startBlockingProxy(server.origin)
  })
  afterAll(() => proxy.close())

  it('three tabs are live over SSE and the fourth asks; all work, and return to WebSocket once it works', async () => {
    const { page, context } = await signedInPage(browser, server, { baseURL: proxy.origin })
    const ids = await activeIds(page)
    const tabs = await openTabs(
      context,
      page,
      // In its windows of a few seconds, a figure is new soon.
      ids.map((id) => `/deployments/${id}?range=live`),
    )
    // Each as of one moment: on a busy machine, a tab may have to come back once more.
    const states = () => Promise.all(tabs.map(stateOf))
    await expect
      .poll(async () => (await states()).toSorted(), { timeout: 120_000 })
      .toEqual([`Every 5 s ${BLOCKED}`, `Live ${BLOCKED}`, `Live ${BLOCKED}`, `Live ${BLOCKED}`])
    const asking = tabs[(await states()).indexOf(`Every 5 s ${BLOCKED}`)] ?? page
    const live = tabs.find((tab) => tab !== asking) ?? page
    for (const tab of [asking, live]) {
      await tab.getByRole('button', { name: 'Pause' }).click()
      await tab.getByRole('button', { name: 'Resume' }).click()
      await tab.getByRole('button', { name: 'Pause' }).waitFor()
      const now = await tab.evaluate(() => Math.floor(Date.now() / 1000))
      await waitForWindow(tab, now)
    }
    await page.reload()
    await page.getByRole('heading', { level: 1 }).waitFor()
    proxy.blocksWebSocket = false
    for (const tab of tabs) {
      await tab.evaluate(() => dispatchEvent(new Event('online')))
      await tab.locator(OVER_WEBSOCKET).waitFor()
    }
    await context.close()
  })

  it('by the content security policy, where there is no close event, the page is live over SSE at once', async () => {
    const { page, context } = await signedInPage(browser, server)
    await context.addInitScript(() => {
      const Real = window.WebSocket
      window.WebSocket = class extends Real {
        constructor(_url: string | URL, protocols?: string | string[]) {
          super('ws://127.0.0.1:1/', protocols)
        }
      }
    })
    await page.goto('/deployments')
    await page.locator('[data-connection="live"][data-via="sse"]').waitFor()
    await expectNewFigures(page)
    await context.close()
  })
})

describe('while the server does not answer', () => {
  const isOnce = { times: 1 }

  it('every page opens that the idle page has loaded, and a link out of the app says why it waits', async () => {
    const { page, context } = await signedInPage(browser, server)
    const loaded = page.waitForResponse(/settings-page/)
    await page.goto('/deployments')
    await loaded
    await page.waitForLoadState('networkidle')
    await context.route('**', (route) => route.abort())
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    await page.getByRole('link', { name: 'Playground' }).click()
    await page.getByText('The server does not answer').first().waitFor()
    expect(new URL(page.url()).pathname).toBe('/settings')
    await context.close()
  })

  it('a page whose code is not loaded yet says so within the app, and heals without a reload', async () => {
    const { page, context } = await signedInPage(browser, server)
    await context.route(/training-jobs-page/, (route) => route.abort())
    await page.goto('/deployments')
    await page.locator('tbody tr[data-id]').first().waitFor()
    await page.evaluate(() => Object.assign(window, { isSame: true }))
    await context.route(/\/session/, (route) => route.abort())
    await page.getByRole('link', { name: 'Training jobs' }).click()
    await page.getByText('The server does not answer').waitFor()
    await page.getByRole('navigation', { name: 'Main' }).waitFor()
    await context.unrouteAll()
    await page.getByRole('heading', { name: 'Training jobs' }).waitFor()
    expect(await page.evaluate(() => 'isSame' in window)).toBe(true)
    await context.close()
  })

  it('a page of an old build reloads itself once, and not again and again', async () => {
    const { page, context } = await signedInPage(browser, server)
    await page.goto('/deployments')
    await page.locator('tbody tr[data-id]').first().waitFor()
    let asked = 0
    await context.route(/training-jobs-page/, (route) => {
      asked += 1
      return route.fulfill({ status: 404 })
    })
    const reloaded = page.waitForEvent('load')
    await page.getByRole('link', { name: 'Training jobs' }).click()
    await reloaded
    asked = 0
    let reloads = 0
    page.on('load', () => (reloads += 1))
    await expect.poll(() => asked, { timeout: 30_000 }).toBeGreaterThan(2)
    await page.getByText('The server does not answer').waitFor()
    await context.unrouteAll()
    await page.getByRole('heading', { name: 'Training jobs' }).waitFor()
    expect(reloads).toBe(0)
    await context.close()
  })

  it('the first page is loaded as soon as it does', async () => {
    const { page, context } = await signedInPage(browser, server)
    await page.route('**/session', (route) => route.abort(), isOnce)
    await page.goto('/deployments')
    await page.getByText('The server does not answer').waitFor()
    await page.locator('tbody tr[data-id]').first().waitFor()
    expect(await page.getByText('The server does not answer').count()).toBe(0)
    await context.close()
  })
})

describe('a server error', () => {
  const failed = {
    data: null,
    errors: [{ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
  }

  it.each([
    ['deployment', 'DeploymentPage', '/deployments/'],
    ['training job', 'TrainingJobPage', '/training-jobs/'],
  ])('on the page of a %s is not taken for one that does not exist, and heals by itself', async (_, name, path) => {
    const { page, context } = await signedInPage(browser, server)
    const { active, job } = await findSubjects(page)
    await page.route('**/graphql', (route) =>
      route.request().postData()?.includes(`"operationName":"${name}"`)
        ? route.fulfill({ json: failed })
        : route.continue(),
    )
    await page.goto(path + (name === 'DeploymentPage' ? active : job))
    await page.getByText('The server could not answer').waitFor()
    expect(await page.getByText('There is no such').count()).toBe(0)
    await page.unrouteAll()
    await page.getByRole('heading', { level: 1 }).waitFor()
    await context.close()
  })

  it('that keeps a mutation waiting for 8 s is shown beside its button, which stays busy', async () => {
    const { page, context } = await signedInPage(browser, server)
    const { active } = await findSubjects(page)
    await page.clock.install()
    await page.goto(`/deployments/${active}`)
    let answer = () => {}
    const held = new Promise<void>((resolve) => (answer = resolve))
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('mutation Pause')) await held
      return route.continue()
    })
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.locator('button[aria-busy]').waitFor()
    await page.clock.fastForward(8_000)
    await page.getByText('The server has not answered yet').waitFor()
    expect(await page.locator('button[aria-busy]').count()).toBe(1)
    answer()
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    expect(await page.getByText('The server has not answered yet').count()).toBe(0)
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    await context.close()
  })
})
