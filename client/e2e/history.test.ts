import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawnSeries, launchBrowser, signedInPage, waitForPoints } from './browser.ts'
import { type RunningServer, startServer } from './server.ts'
import { findSubjects } from './states.ts'

let server: RunningServer
let browser: Browser
let context: BrowserContext
let page: Page
let consoleProblems: string[]
let id: string

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
  ;({ page, context, consoleProblems } = await signedInPage(browser, server))
  id = (await findSubjects(page)).active
})

afterAll(async () => {
  await context.close()
  await browser.close()
  await server.stop()
})

const expectSoon = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: 10_000 })
const search = () => new URL(page.url()).searchParams
const chart = (): Locator => page.locator('[data-range]').first()

/** The range that the first chart draws, in seconds since 1970. */
async function drawnRange(which = 0): Promise<[number, number]> {
  const range = await page.locator('[data-range]').nth(which).getAttribute('data-range')
  const [from = NaN, to = NaN] = (range ?? '').split(' ').map(Number)
  return [from, to]
}

async function drawnSeconds(): Promise<number> {
  const [from, to] = await drawnRange()
  return Math.round(to - from)
}

/** Drags over the first chart, between two shares of its width. */
async function drag(from: number, to: number): Promise<void> {
  const box = await chart().locator('.u-over').boundingBox()
  if (!box) throw new Error('There is no chart')
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + box.width * from, y)
  await page.mouse.down()
  await page.mouse.move(box.x + (box.width * (from + to)) / 2, y)
  await page.mouse.move(box.x + box.width * to, y)
  await page.mouse.up()
}

describe('the range of a deployment page', () => {
  it('is chosen, is in the address, and goes back with the browser', async () => {
    await page.goto(`/deployments/${id}`)
    await waitForPoints(page, 30)
    expect(await drawnSeconds()).toBe(900)
    await page.getByText('1 h', { exact: true }).click()
    await expectSoon(() => search().get('range')).toBe('1h')
    await expectSoon(drawnSeconds).toBe(3600)
    await page.goBack()
    await expectSoon(drawnSeconds).toBe(900)
  })

  it('is what somebody drags over a chart, on all of them, and a double click leads back', async () => {
    const [from, to] = await drawnRange()
    await drag(0.25, 0.75)
    await expectSoon(() => search().get('from')).not.toBeNull()
    const fromSeconds = Date.parse(search().get('from') ?? '') / 1000
    const toSeconds = Date.parse(search().get('to') ?? '') / 1000
    // The range moves on while somebody drags.
    expect(Math.abs(fromSeconds - (from + (to - from) * 0.25))).toBeLessThan(15)
    expect(Math.abs(toSeconds - (from + (to - from) * 0.75))).toBeLessThan(15)
    for (const which of [0, 1, 2, 3]) await expectSoon(() => drawnRange(which)).toEqual([fromSeconds, toSeconds])
    await page.mouse.move(0, 0)
    // The figures are those of the whole range, with its requests.
    await page
      .getByText(/^\d.* – \d/)
      .first()
      .waitFor()
    await chart().locator('.u-over').dblclick()
    await expectSoon(() => [...search().keys()]).toEqual([])
  })

  it('steps back and forward, until it is live again', async () => {
    expect(await page.getByRole('button', { name: 'Later' }).isDisabled()).toBe(true)
    const [before] = await drawnRange()
    await page.getByRole('button', { name: 'Earlier' }).click()
    await expectSoon(async () => Math.abs((await drawnRange())[1] - before)).toBeLessThan(15)
    expect(await drawnSeconds()).toBeGreaterThanOrEqual(900)
    await page.getByRole('button', { name: 'Later' }).click()
    await expectSoon(() => [...search().keys()]).toEqual([])
    await page.getByRole('button', { name: 'Zoom out' }).click()
    await expectSoon(() => search().get('range')).toBe('1h')
  })

  it("is a person's own, and one that ends before it begins is refused beside its fields", async () => {
    await page.getByRole('button', { name: 'From–to' }).click()
    await page.getByLabel('From', { exact: true }).fill('2026-11-30T10:00:00')
    await page.getByLabel('To', { exact: true }).fill('2026-11-30T09:00:00')
    await page.getByText('The end must be after the beginning').waitFor()
    await page.getByLabel('To', { exact: true }).fill('2026-11-30T11:00:00')
    await page.getByRole('button', { name: 'Show' }).click()
    await expectSoon(drawnSeconds).toBe(3600)
    expect(Date.parse(search().get('from') ?? '')).toBe(new Date('2026-11-30T10:00:00').getTime())
  })
})

describe('the charts', () => {
  it('are read with the keyboard, window by window', async () => {
    await page.goto(`/deployments/${id}`)
    await waitForPoints(page, 30)
    const slider = page.getByRole('slider', { name: 'Read the charts' })
    await slider.focus()
    await page.keyboard.press('ArrowLeft')
    const { step } = await drawnSeries(page)
    await page.getByText(`${step} s window`).waitFor()
    const first = await slider.getAttribute('aria-valuetext')
    expect(first).toMatch(/p50 [\d.]+ m?s, .*Requests\/s [\d.]+/)
    await page.keyboard.press('ArrowLeft')
    await expectSoon(() => slider.getAttribute('aria-valuetext')).not.toBe(first)
    await page.keyboard.press('Escape')
    await page.getByText('Now: the last minute').waitFor()
  })

  it('say how many requests are behind the figures', async () => {
    await page.locator('dl > div').first().focus()
    const requests = page.getByText(/^[\d.]+k? requests$/).first()
    await expectSoon(async () => (await requests.boundingBox())?.width ?? 0).toBeGreaterThan(20)
  })

  it('mark what happened, and say what to the keyboard', async () => {
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Resume' }).click()
    const mark = page.getByRole('list', { name: 'Events in this range' }).getByRole('img').first()
    await mark.focus()
    expect(await mark.getAttribute('aria-label')).toMatch(/^(Paused|Resumed) by/)
    await page.keyboard.press('Escape')
  })

  it('include a heatmap when somebody wants one', async () => {
    await page.getByLabel('Heatmap').check()
    await expectSoon(() => search().get('heatmap')).toBe('true')
    const cells = () => page.locator('[data-cells]').getAttribute('data-cells').then(Number)
    await expectSoon(cells).toBeGreaterThan(100)
  })

  it('are taken out as CSV, as they are drawn', async () => {
    await page.getByRole('button', { name: 'Export' }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'What is drawn as CSV' }).click(),
    ])
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n')
    expect(lines[0]).toContain('series,at,windowSeconds,p50Ms')
    expect(lines.length).toBeGreaterThan(30)
    expect(lines[1]?.split(',')).toHaveLength(lines[0]?.split(',').length ?? 0)
  })

  it('are taken out as a picture', async () => {
    await page.getByRole('button', { name: 'Export' }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Charts as PNG' }).click(),
    ])
    const picture = await readFile(await download.path())
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
    expect(picture.readUInt32BE(16)).toBeGreaterThan(1000)
  })
})

describe('the list', () => {
  it('shows figures of the last minute or of what somebody chooses, and how many requests are behind them', async () => {
    await page.goto('/deployments')
    const requests = async () => {
      await page.locator('tbody [data-row-link]').first().focus()
      return (
        (await page
          .getByText(/requests, last/)
          .last()
          .textContent()) ?? ''
      )
    }
    await expectSoon(requests).toMatch(/^[\d.]+k? requests, last minute$/)
    await page.getByLabel('Current figures').selectOption('last 10 s')
    await expectSoon(() => search().get('over')).toBe('10')
    await page.keyboard.press('j')
    await expectSoon(requests).toMatch(/requests, last 10 s$/)
    expect(consoleProblems).toEqual([])
  })
})
