import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, signedInPage, waitForPoints } from './browser.ts'
import { type RunningServer, startServer } from './server.ts'

let server: RunningServer
let browser: Browser
let context: BrowserContext
let page: Page
let consoleProblems: string[]

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
  ;({ page, context, consoleProblems } = await signedInPage(browser, server))
})

afterAll(async () => {
  await context.close()
  await browser.close()
  await server.stop()
})

/** Two cores serve several browsers and servers at a time. */
const IN_TIME = { timeout: 15_000 }

/** The texts of a row's cells, without its heading. */
const cellsOf = (name: RegExp) => page.getByRole('row', { name }).getByRole('cell').allInnerTexts()

/** `3.68k` at the beginning of a cell. */
function countIn(text: string): number {
  const [, digits, letter] = /^([\d.]+)([kM]?)/.exec(text) ?? []
  return Number(digits) * ({ k: 1e3, M: 1e6 }[letter ?? ''] ?? 1)
}

/** What the API says of each version over the page's range, now. */
async function requestsOf(model: string, fromMs: number): Promise<Record<string, number>> {
  const query = `query ($model: String!, $from: DateTime!) {
    model(name: $model) { deployments { nodes { version metricsHistory(from: $from, maxPoints: 1) { summary { requests } } } } }
  }`
  const variables = { model, from: new Date(fromMs).toISOString() }
  const answer = await page.request.post('/graphql', { data: { query, variables } })
  const { data } = (await answer.json()) as {
    data: {
      model: {
        deployments: { nodes: { version: string; metricsHistory: { summary: { requests: number } } }[] }
      }
    }
  }
  return Object.fromEntries(
    data.model.deployments.nodes.map(({ version, metricsHistory }) => [version, metricsHistory.summary.requests]),
  )
}

describe('a model', () => {
  it('is found by the keyboard, in the list and by a part of its name', async () => {
    await page.goto('/deployments')
    await page.locator('tbody tr[data-id]').first().waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('m')
    await page.getByRole('heading', { name: 'Models' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('defect')
    await expect.poll(() => page.locator('tbody tr[data-id]').count(), IN_TIME).toBe(1)
    await page.keyboard.press('Escape')
    expect(await page.getByRole('searchbox').inputValue()).toBe('defect')
    const heading = page.getByRole('heading', { name: 'vision/defect-detector', level: 1 })
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await heading.waitFor()
    expect(page.url()).toBe(`${server.origin}/models/vision%2Fdefect-detector`)
    // Its name has a slash: the page is found again under its address.
    await page.reload()
    await page.getByText('latest v1.1.0').waitFor()
    await waitForPoints(page, 2)
  })

  it('has its versions on the same axes, with their differences to the one chosen first, all in the address', async () => {
    const model = 'support-ticket-router'
    await page.goto(`/models/${model}?range=1h`)
    await page.getByRole('checkbox', { name: 'Compare v1.1.0' }).click()
    await page.getByText('Choose another one').waitFor()
    await page.getByRole('checkbox', { name: 'Compare v1.2.0' }).click()
    await page.getByText('differences to v1.1.0').waitFor()
    expect(page.url()).toBe(`${server.origin}/models/${model}?range=1h&versions=v1.1.0%2Cv1.2.0`)
    await expect
      .poll(() => cellsOf(/^p95, m?s/), IN_TIME)
      .toEqual([expect.stringMatching(/^\d/), expect.stringMatching(/%/)])
    const known = await requestsOf(model, Date.now() - 3_600_000)
    const share = ((known['v1.2.0'] ?? 0) / (known['v1.1.0'] ?? 1) - 1) * 100
    const [first = '', second = ''] = await cellsOf(/^Requests \d/)
    expect(countIn(first) / (known['v1.1.0'] ?? 0)).toBeCloseTo(1, 1)
    expect(countIn(second) / (known['v1.2.0'] ?? 0)).toBeCloseTo(1, 1)
    expect(second).toContain(share < 0 ? '−' : '+')
    // It is of a second or two before.
    expect(Math.abs(Number(/([\d.]+) %/.exec(second)?.[1]) - Math.abs(share))).toBeLessThan(3)
    await waitForPoints(page, 20)

    await page.getByRole('button', { name: 'Put first v1.2.0' }).click()
    await page.getByText('differences to v1.2.0').waitFor()
    await page.reload()
    await page.getByText('differences to v1.2.0').waitFor()
    await expect
      .poll(() => cellsOf(/^Requests \d/), IN_TIME)
      .toEqual([expect.any(String), expect.stringContaining(share < 0 ? '+' : '−')])
  })

  it('says nothing of a version that was paused all along, instead of zero', async () => {
    await page.goto('/models/support-ticket-router?versions=v1.2.0,v1.0.0')
    await expect
      .poll(() => cellsOf(/^Requests \d/), IN_TIME)
      .toEqual([expect.stringMatching(/^\d/), expect.stringMatching(/–$/)])
    expect(await cellsOf(/^Requests\/s/)).toEqual([expect.stringMatching(/^\d/), expect.stringMatching(/–$/)])
  })
})

describe('the fleet', () => {
  it('lists the busiest first, with links to deployments and models, and is filtered by model', async () => {
    await page.goto('/deployments')
    await page.locator('tbody tr[data-id]').first().waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('f')
    await page.getByRole('heading', { name: 'Fleet' }).waitFor()
    await waitForPoints(page, 2)
    const busiest = page.getByRole('table', { name: 'Busiest' }).locator('tbody tr')
    await expect.poll(() => busiest.count(), IN_TIME).toBe(9)
    // They were in order when they were sorted; since then, a row may have changed by as much as does not move it.
    const rates = (await busiest.locator('td:nth-child(2)').allInnerTexts()).map(Number)
    expect(rates[0]).toBeGreaterThan(rates.at(-1) ?? 0)

    await page.getByLabel('Model').selectOption('support-ticket-router')
    await expect.poll(() => busiest.count(), IN_TIME).toBe(2)
    expect(page.url()).toContain('model=support-ticket-router')
    await busiest.getByRole('link', { name: 'support-ticket-router v1.2.0' }).click()
    await page.getByRole('heading', { name: 'support-ticket-router v1.2.0' }).waitFor()
    await page.getByRole('link', { name: 'support-ticket-router', exact: true }).click()
    await page.getByText('latest v1.2.0').waitFor()
  })

  it('holds the order while the focus is on a row', async () => {
    await page.goto('/fleet')
    await page.getByRole('table', { name: 'Slowest by p95' }).locator('tbody a').first().waitFor()
    await page.keyboard.press('j')
    await page.getByText('The order is held').waitFor()
    await page.locator(':focus[data-row-link]').blur()
    await page.getByText('Sorted every 10 seconds').waitFor()
    expect(consoleProblems).toEqual([])
  })
})
