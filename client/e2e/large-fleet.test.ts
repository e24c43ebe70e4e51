import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, signedInPage } from './browser.ts'
import { largeFleet } from './large-fleet.ts'
import { type RunningServer, startServer } from './server.ts'

const DEPLOYMENTS = 1_000
const MOST_ROWS = 60
const SORTABLE = ['Model', 'Version', 'Status', 'p50', 'p95', 'p99', 'Requests/s', 'Errors, %', 'Age']

let server: RunningServer
let browser: Browser
let page: Page
let context: BrowserContext
let consoleProblems: string[]

beforeAll(async () => {
  // Few samples: this tests the table, not how fast the machine is.
  ;[server, browser] = await Promise.all([
    startServer({ fill: largeFleet(DEPLOYMENTS), sampleIntervalMs: 10_000 }),
    launchBrowser(),
  ])
  ;({ page, context, consoleProblems } = await signedInPage(browser, server))
  await page.goto('/deployments')
  await page.getByRole('button', { name: `All ${DEPLOYMENTS}` }).waitFor()
})

afterAll(async () => {
  await context.close()
  await browser.close()
  await server.stop()
})

const indexes = () =>
  page.locator('tr[data-index]').evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-index'))))

/** Whether rows cover the visible part of the table. */
function isCovered(): boolean {
  const body = document.querySelector('tbody')?.getBoundingClientRect()
  const rows = [...document.querySelectorAll('tr[data-index]')].map((row) => row.getBoundingClientRect())
  const [first, last] = [rows[0], rows.at(-1)]
  if (!body || !first || !last) return false
  return first.top <= Math.max(0, body.top) && last.bottom >= Math.min(innerHeight, body.bottom)
}

describe('a thousand deployments', () => {
  it('are all reached by scrolling, with few rows in the document at any time', async () => {
    const seen = new Set<number>()
    let most = 0
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    expect(height).toBeGreaterThan(DEPLOYMENTS * 32)
    for (let top = 300; top < height; top += 600) {
      await page.evaluate((y) => scrollTo(0, y), top)
      await page.waitForFunction(isCovered)
      const here = await indexes()
      most = Math.max(most, here.length)
      for (const index of here) seen.add(index)
    }
    expect(seen.size).toBe(DEPLOYMENTS)
    expect(most).toBeLessThanOrEqual(MOST_ROWS)
  })

  it('are sorted by every column, in both directions', async () => {
    await page.evaluate(() => scrollTo(0, 0))
    const first = page.locator('tr[data-index="0"]')
    // Sorting needs figures.
    await page
      .locator('tbody td', { hasText: /\d\s*m?s$/ })
      .first()
      .waitFor()
    for (const name of SORTABLE) {
      const head = page.getByRole('columnheader', { name, exact: true })
      const tops: (string | null)[] = []
      for (let click = 0; click < 2; click += 1) {
        const before = await head.getAttribute('aria-sort')
        await head.getByRole('button').click()
        await expect.poll(() => head.getAttribute('aria-sort')).toMatch(/ascending|descending/)
        await expect.poll(() => head.getAttribute('aria-sort')).not.toBe(before)
        tops.push(await first.getAttribute('data-id'))
        expect((await indexes()).length).toBeLessThanOrEqual(MOST_ROWS)
      }
      expect({ name, differ: tops[0] !== tops[1] }).toEqual({ name, differ: true })
    }
    await page.getByRole('columnheader', { name: 'Model', exact: true }).getByRole('button').click()
    expect(await first.innerText()).toContain('team-0/model-000')
  })

  it('can be searched, and the list then starts at its top', async () => {
    await page.keyboard.press('/')
    await page.keyboard.type('model-049')
    await page.getByRole('button', { name: 'All 20' }).waitFor()
    expect((await indexes()).length).toBe(20)
    expect(consoleProblems).toEqual([])
  })
})
