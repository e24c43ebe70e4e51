import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, signedInPage } from './browser.ts'
import { type RunningServer, startServer } from './server.ts'
import { findSubjects, pageStates, type Subjects } from './states.ts'
import { strain } from './strain.ts'

let server: RunningServer
let browser: Browser
let context: BrowserContext
let page: Page
let consoleProblems: string[]
let subjects: Subjects

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
  ;({ page, context, consoleProblems } = await signedInPage(browser, server))
  subjects = await findSubjects(page)
})

afterAll(async () => {
  await context.close()
  await browser.close()
  await server.stop()
})

const WIDTHS = [1400, 800, 700, 768, 834, 900, 960, 1024, 1199, 1200, 1280, 1440, 2560, 390]

/** What does not fit on the page as it stands. */
function misfits(): string[] {
  const found: string[] = []
  const sideways = document.scrollingElement?.scrollWidth ?? 0
  if (sideways > innerWidth) found.push(`the page scrolls sideways: ${sideways} px`)
  const visible = (selector: string) =>
    [...document.querySelectorAll<HTMLElement>(selector)].filter((one) => one.getClientRects().length > 0)
  for (const link of visible('td [data-row-link]')) {
    const width = link.closest('td')?.clientWidth ?? 0
    if (width < 120) found.push(`a name has ${width} px`)
  }
  for (const cell of visible('td.text-right, th, dt:not([title]), dd')) {
    if (cell.scrollWidth > cell.clientWidth) found.push(`${cell.innerText} is cut: ${cell.scrollWidth} px`)
  }
  for (const plot of visible('.u-wrap')) {
    const room = plot.closest('[role="img"]')?.clientWidth ?? 0
    if (plot.offsetWidth !== room) found.push(`a chart of ${plot.offsetWidth} px has ${room} px`)
  }
  for (const control of visible('main :is(button, a, input, select), header button, nav a')) {
    const { left, right } = control.getBoundingClientRect()
    if (control.className.includes('sr-only')) continue
    if (left < 0 || right > innerWidth) found.push(`${control.innerText || control.tagName} is outside the window`)
  }
  return [...new Set(found)]
}

describe('in a window of any width, with long names and large figures', () => {
  const NAMES = [
    'deployments',
    'deployment',
    'fleet',
    'models',
    'model',
    'model-compared',
    'training-jobs',
    'training-job',
    'settings-secret',
    'settings',
  ] as const
  let strained: { page: Page; context: BrowserContext }

  beforeAll(async () => {
    strained = await signedInPage(browser, server)
    await strain(strained.page)
  })
  afterAll(() => strained.context.close())

  it.each(NAMES)('everything on the page has room: %s', async (name) => {
    const state = pageStates(subjects).find((one) => one.name === name)
    await strained.page.setViewportSize({ width: 1400, height: 900 })
    await strained.page.goto(state?.path ?? '')
    await state?.reach?.(strained.page)
    await strained.page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
    for (const width of WIDTHS) {
      await strained.page.setViewportSize({ width, height: 900 })
      await expect.poll(() => strained.page.evaluate(misfits), { message: `${name} at ${width} px` }).toEqual([])
    }
  })
})

describe('an address that a person has mistyped', () => {
  it.each([
    ['/deployments?q=true', '/deployments?q=true', 'No deployments match'],
    ['/deployments?q=[1,2]&hide=1&sort=x', '/deployments?q=%5B1%2C2%5D', 'No deployments match'],
    ['/deployments?model=null&utm=1', '/deployments?model=null', 'No deployments match'],
    ['/training-jobs?q=true&sort=[]', '/training-jobs?q=true', 'No training jobs match'],
    ['/training-jobs?start=yes&status=running', '/training-jobs', 'Start a training job'],
    ['/settings?newToken=1&revoke={}', '/settings?revoke=%7B%7D', 'API tokens'],
    ['/deployments/ACTIVE?range=5&log=1', '/deployments/ACTIVE', '15 min'],
    ['/deployments/ACTIVE?range=8d&heatmap=yes', '/deployments/ACTIVE', '15 min'],
    ['/deployments/ACTIVE?from=2026-11-30&to=2026-11-29', '/deployments/ACTIVE', '15 min'],
    ['/deployments/ACTIVE?from=1026-11-30T10:00Z&to=2026-11-30T10:00Z', '/deployments/ACTIVE', '15 min'],
    ['/deployments?over=7', '/deployments', 'last minute'],
    ['/fleet?model=nothing&label=x', '/fleet?model=nothing&label=x', 'is no label'],
    ['/models?q=true&sort=x', '/models?q=true', 'No models match'],
    ['/models/a%2Fb?versions=x,v1.2.0', '/models/a%2Fb?versions=v1.2.0', 'There is no such model'],
    ['/deployments/abc', '/deployments/abc', 'There is no such deployment'],
    ['/deployments/JOB', '/deployments/JOB', 'There is no such deployment'],
    ['/training-jobs/ACTIVE', '/training-jobs/ACTIVE', 'There is no such training job'],
    ['/deployments/%00', '/deployments/%00', 'There is no such deployment'],
    ['/deployments/%E0%A4%A', '/deployments/%E0%A4%A', 'There is no such page'],
    ['/%', '/%', 'There is no such page'],
  ])('shows what was meant, or says that it is not there, and is put right: %s', async (written, right, words) => {
    const path = (template: string) => template.replace('ACTIVE', subjects.active).replace('JOB', subjects.job)
    consoleProblems.length = 0
    await page.goto(path(written))
    await page.getByText(words).first().waitFor()
    expect(page.url()).toBe(server.origin + path(right))
    expect(consoleProblems.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([])
  })
})

/** Does to the page what Google Translate does: every text, also a later one, is put into two <font> elements. */
function translate(): void {
  const font = () => document.createElementNS('http://www.w3.org/1999/xhtml', 'font')
  const skipped = '[translate="no"], script, style, textarea, font'
  const translateIn = (node: Node) => {
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT)
    const texts: Text[] = []
    for (let next: Node | null = walker.currentNode; next; next = walker.nextNode()) {
      if (next instanceof Text && next.data.trim() && !next.parentElement?.closest(skipped)) texts.push(next)
    }
    for (const text of texts) {
      const [outer, inner] = [font(), font()]
      inner.textContent = `«${text.data}»`
      outer.append(inner)
      text.replaceWith(outer)
    }
  }
  translateIn(document.body)
  new MutationObserver((records) => {
    for (const { addedNodes, target } of records) {
      for (const node of addedNodes) if (node.isConnected) translateIn(node)
      if (target instanceof Text && target.isConnected) translateIn(target)
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true })
}

describe('a page that the browser translates', () => {
  it('can be used, stays live, and keeps names and figures as they are', async () => {
    consoleProblems.length = 0
    await page.goto(`/deployments/${subjects.active}`)
    await page.locator('[data-connection="live"]').waitFor()
    await page.evaluate(translate)
    await page.getByText('«Latency»').waitFor()
    const figures = page.locator('dl dd [translate="no"]')
    const before = await figures.allInnerTexts()
    await expect.poll(() => figures.allInnerTexts(), { timeout: 10_000 }).not.toEqual(before)
    expect((await page.locator('h1, dl dd [translate="no"]').allInnerTexts()).join()).not.toContain('«')
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: '«Resume»' }).click()
    await page.getByRole('button', { name: '«Pause»' }).click()
    await page.getByText('«Paused: no samples are recorded»').waitFor()
    await page.getByRole('button', { name: 'Delete…' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: '«Resume»' }).click()
    await page.getByRole('link', { name: 'Training jobs' }).click()
    await page.getByRole('button', { name: 'Final loss' }).click()
    await page.getByRole('button', { name: 'Start a training job' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByText('«Dark»').click()
    await page.getByRole('button', { name: 'Create a token' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: false }).last().click()
    await page
      .getByText(/«Who will use it/)
      .first()
      .waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Deployments' }).click()
    await page.getByRole('button', { name: 'Errors, %' }).click()
    await page.getByText(/«Sorted every 5 seconds|«The order is held/).waitFor()
    await page.locator('tbody tr').nth(2).hover()
    await page.getByText('«The order is held').waitFor()
    expect(await page.getByText('Something went wrong').count()).toBe(0)
    expect(consoleProblems).toEqual([])
  })
})

describe('a table that is sorted by live figures', () => {
  it('is in the order that its arrow says, or says that it is not', async () => {
    // Of ten seconds, the traffic of deployments that have about as much of it passes each other's often, at every hour.
    await page.goto('/deployments?status=ACTIVE&over=10')
    const requests = (index: number) =>
      page.locator('tbody tr').nth(index).locator('td').nth(6).innerText().then(Number.parseFloat)
    await expect.poll(() => requests(0), { timeout: 10_000 }).toBeGreaterThan(0)
    expect(await page.getByText('Sorted every').count()).toBe(0)
    // The pointer stays on the header, where a click leaves it.
    await page.getByRole('button', { name: 'Requests' }).click()
    const note = page.locator('thead [role="status"]')
    expect(await note.innerText()).toBe('Sorted every 5 seconds by the current figures')
    const order = () => page.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.dataset['id']).join())
    const sorted = await order()
    await expect.poll(order, { timeout: 60_000 }).not.toBe(sorted)
    await page.locator('tbody tr').nth(3).hover()
    await expect.poll(() => note.innerText()).toBe('The order is held while the pointer or the focus is on a row')
    await page.mouse.move(700, 20)
    await expect.poll(() => note.innerText()).toBe('Sorted every 5 seconds by the current figures')
  })
})
