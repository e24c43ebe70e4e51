import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, signedInPage } from './browser.ts'
import { type ModelServer, startModelServer } from './model-server.ts'
import { freePort, type RunningServer, startServer } from './server.ts'

let server: RunningServer
let models: ModelServer
let browser: Browser
let context: BrowserContext
let page: Page
let consoleProblems: string[]

beforeAll(async () => {
  ;[server, browser, models] = await Promise.all([startServer(), launchBrowser(), startModelServer()])
  ;({ page, context, consoleProblems } = await signedInPage(browser, server))
})

afterAll(async () => {
  await context.close()
  await browser.close()
  await server.stop()
  await models.goDown()
})

/** Two cores serve several browsers and servers at a time. */
const IN_TIME = { timeout: 20_000 }

/** The value of a current figure, by its name. */
const figure = (name: RegExp) => page.getByRole('term').filter({ hasText: name }).locator('+ dd > span').first()

/** Opens the dialog that asks for the source of the first job that can be deployed. */
async function askForSource(kind: RegExp) {
  await page.goto('/training-jobs?status=COMPLETED')
  await page
    .getByRole('button', { name: /with another source$/ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: /^Simulated/, checked: true }).waitFor()
  await dialog.getByRole('radio', { name: kind }).check()
  return dialog
}

describe('a model server', () => {
  it('is connected in the browser: what fails stands beside the URL, and what was found is shown before it is saved', async () => {
    const dialog = await askForSource(/^Model server/)
    const url = dialog.getByLabel('URL of the metrics')
    await url.fill(`http://127.0.0.1:${await freePort()}/metrics`)
    await url.press('Enter')
    const note = page.locator(`[id="${await url.getAttribute('aria-describedby')}"]`)
    await expect.poll(() => note.innerText(), IN_TIME).toContain('Nothing listens')
    await url.fill(models.url)
    await dialog.getByRole('button', { name: 'Check' }).click()
    const found = dialog.getByRole('region', { name: 'What was found' })
    await found.getByRole('row', { name: /^Time to first token/ }).waitFor()
    const cells = await found
      .getByRole('row', { name: /^Time to first token/ })
      .getByRole('cell')
      .allInnerTexts()
    expect(cells.slice(1)).toEqual(['> 10 s', '> 10 s', '20.0 s'])
    expect(await found.getByRole('heading', { name: 'What cannot be known from it' }).count()).toBe(1)
    await dialog.getByLabel('Interval').selectOption('1')
    await expect.poll(() => found.getAttribute('aria-busy')).toBe('false')
    await dialog.getByRole('button', { name: 'Deploy', exact: true }).click()
    await page.locator('tr.bg-mark').getByText('Model server').waitFor()
  })

  it('shows its figures: ranges where its buckets allow no more, and what lies above the highest', async () => {
    await page.getByText('Open the deployment').click()
    await page.getByText('vLLM', { exact: true }).waitFor()
    await page.locator('[data-chart="Time to first token"] [data-bands]:not([data-bands="0"])').waitFor()
    await expect.poll(() => figure(/^TTFT p95/).innerText(), IN_TIME).toBe('> 10')
    expect(await figure(/^p50/).innerText()).toMatch(/^\d/)
    expect(await page.getByText('500–800 ms').count()).toBeGreaterThan(0)
    expect(await figure(/^Error rate/).innerText()).toBe('10.0')
    for (const title of ['In flight and waiting', 'Cache of keys and values', 'Errors by reason']) {
      await page.locator(`[data-chart="${title}"]`).waitFor()
    }
  })

  it('shows on a phone what its figures lie between, and nothing of it is cut', async () => {
    const desktop = page.viewportSize()
    await page.setViewportSize({ width: 390, height: 844 })
    const notes = page.locator('dl dd > span:nth-child(2)').filter({ hasText: /\d/, visible: true })
    await expect.poll(() => notes.allInnerTexts()).toContain('500–800 ms')
    const cut = await notes.evaluateAll((all) => all.filter((note) => note.scrollWidth > note.clientWidth).length)
    expect(cut).toBe(0)
    if (desktop) await page.setViewportSize(desktop)
  })

  it('that goes down is told at once, with the reason, beside the last figures; so is its return', async () => {
    const before = await figure(/^Error rate/).innerText()
    await models.goDown()
    await page.getByText(/^Source down since .*: .*figures are as of/).waitFor(IN_TIME)
    expect(await figure(/^Error rate/).innerText()).toBe(before)
    await page.getByRole('list').getByText('Source down').waitFor()
    await page.getByRole('link', { name: 'Deployments' }).click()
    await page.getByRole('row').getByText('Source down').waitFor()
    await page.goBack()
    await models.comeBack()
    await page.getByText('Now: the last minute').waitFor(IN_TIME)
    expect(consoleProblems).toEqual([])
  })
})

it('Whoever deploys with reports is shown how to send them, with a token that may do nothing else', async () => {
  const dialog = await askForSource(/^Reports/)
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click()
  await dialog.getByRole('button', { name: 'Create a token for it' }).click()
  await dialog.getByText('Copy it now.').waitFor()
  const environment = await dialog.getByLabel('Environment for OpenTelemetry').innerText()
  expect(environment).toContain(`OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=${server.origin}/v1/metrics\n`)
  expect(environment).toMatch(/authorization=Bearer%20[\w-]{20,}\n/)
  await dialog.getByRole('button', { name: 'Go to deployments' }).click()
  await page.locator('tr.bg-mark').getByText('Reports').waitFor()
  await page.locator('tr.bg-mark').getByText('Waiting').waitFor()
})
