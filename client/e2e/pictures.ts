import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser, signedInPage } from './browser.ts'
import { largeFleet } from './large-fleet.ts'
import { type RunningServer, startServer } from './server.ts'
import { findSubjects, pageStates, type PageState } from './states.ts'

// `npm run pictures -w @gaugeline/client [part of a name]`: a screenshot of every page and state.

const FOLDER = fileURLToPath(new URL('../pictures/', import.meta.url))
const SIZES = { 1440: 900, 1024: 768, 390: 844 }
const only = process.argv[2] ?? ''

type Theme = 'light' | 'dark'

interface Shot {
  page: Page
  context: BrowserContext
  label: string
}

/** Calls `work` with a signed-in page for every size and theme. */
async function everywhere(browser: Browser, server: RunningServer, work: (shot: Shot) => Promise<void>): Promise<void> {
  for (const colorScheme of ['light', 'dark'] satisfies Theme[]) {
    for (const [width, height] of Object.entries(SIZES)) {
      const viewport = { width: Number(width), height }
      const options = { viewport, colorScheme, isMobile: viewport.width < 500, reducedMotion: 'reduce' as const }
      const { page, context } = await signedInPage(browser, server, options)
      await work({ page, context, label: `${width}-${colorScheme}` })
      await context.close()
    }
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready)
  await page.waitForTimeout(150)
  const viewport = page.viewportSize()
  if (!viewport) return
  // As high as the page, so that what is fixed to the window's edges appears once.
  const height = await page.evaluate(() => Math.min(2_500, document.documentElement.scrollHeight))
  if (height > viewport.height && !name.includes('1000')) await page.setViewportSize({ ...viewport, height })
  await page.waitForTimeout(150)
  await page.screenshot({ path: `${FOLDER}${name}.png` })
  await page.setViewportSize(viewport)
}

const wanted = (name: string) => name.includes(only)

async function open(page: Page, { path, reach }: PageState): Promise<void> {
  await page.goto(path)
  await page.locator('main').waitFor()
  await reach?.(page)
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
  // A second of live figures.
  await page.waitForTimeout(1_200)
}

/** With demo data and without problems. */
async function usual(browser: Browser, server: RunningServer): Promise<void> {
  await everywhere(browser, server, async ({ page, context, label }) => {
    const states = pageStates(await findSubjects(page))
    for (const state of states.filter((one) => wanted(one.name))) {
      if (state.signedOut) continue
      await open(page, state)
      await shoot(page, `${state.name}-${label}`)
    }
    const [signIn] = states.filter((one) => one.signedOut && wanted(one.name))
    if (!signIn) return
    await context.clearCookies()
    await open(page, signIn)
    await shoot(page, `${signIn.name}-${label}`)
  })
}

const PLACES = ['deployments', 'deployment', 'training-jobs', 'training-job'] as const

/** Loading, refused and failing: each on the four pages that load something. */
async function troubled(browser: Browser, server: RunningServer): Promise<void> {
  const answers = {
    loading: null,
    forbidden: {
      status: 200,
      json: { data: null, errors: [{ message: 'No', path: ['deployments'], extensions: { code: 'FORBIDDEN' } }] },
    },
    failing: { status: 503, body: '' },
  }
  await everywhere(browser, server, async ({ page, label }) => {
    const places = pageStates(await findSubjects(page)).filter(({ name }) => PLACES.some((place) => place === name))
    for (const [trouble, answer] of Object.entries(answers)) {
      await page.route('**/graphql', (route) => (answer ? route.fulfill(answer) : undefined))
      for (const { name, path } of places) {
        if (!wanted(`${name}-${trouble}`)) continue
        await page.goto(path)
        await page.locator('main').waitFor()
        await page.waitForTimeout(800)
        await shoot(page, `${name}-${trouble}-${label}`)
      }
      await page.unroute('**/graphql')
    }
  })
}

/** Very large figures, and samples that stop arriving although the connection is up. */
async function strained(browser: Browser, server: RunningServer): Promise<void> {
  await everywhere(browser, server, async ({ page, label }) => {
    let held = false
    await page.routeWebSocket('**/graphql', (socket) => {
      const upstream = socket.connectToServer()
      upstream.onMessage((message) => {
        const text = String(message)
        const isData = text.includes('"type":"next"')
        if (held && isData) return
        socket.send(isData ? text.replace(/"p99Ms":[\d.]+/g, '"p99Ms":723456.7') : message)
      })
    })
    const places = pageStates(await findSubjects(page)).filter(
      ({ name }) => name === 'deployments' || name === 'deployment',
    )
    for (const state of places) {
      if (!wanted(`${state.name}-slow`) && !wanted(`${state.name}-late`)) continue
      held = false
      await open(page, state)
      await shoot(page, `${state.name}-slow-${label}`)
      held = true
      await page.waitForTimeout(6_500)
      await shoot(page, `${state.name}-late-${label}`)
    }
  })
}

/** The server is killed while pages are open, and is started again. */
async function cut(browser: Browser, server: RunningServer): Promise<void> {
  const open_: { page: Page; context: BrowserContext; name: string }[] = []
  await everywhereKept(browser, server, async ({ page, context, label }) => {
    const places = pageStates(await findSubjects(page)).filter(
      ({ name }) => name === 'deployments' || name === 'deployment',
    )
    const state = places[open_.length % places.length]
    if (!state) return
    await open(page, state)
    open_.push({ page, context, name: `${state.name}-LABEL-${label}` })
  })
  await server.kill()
  await Promise.all(open_.map(({ page }) => page.getByText('Connection lost').waitFor()))
  await open_[0]?.page.waitForTimeout(6_000)
  for (const { page, name } of open_) await shoot(page, name.replace('LABEL', 'disconnected'))
  await server.start()
  await Promise.all(open_.map(({ page }) => page.locator('[data-connection="live"]').waitFor()))
  await open_[0]?.page.waitForTimeout(2_500)
  for (const { page, context, name } of open_) {
    await shoot(page, name.replace('LABEL', 'reconnected'))
    await context.close()
  }
}

async function everywhereKept(
  browser: Browser,
  server: RunningServer,
  work: (shot: Shot) => Promise<void>,
): Promise<void> {
  for (const colorScheme of ['light', 'dark'] satisfies Theme[]) {
    for (const [width, height] of Object.entries(SIZES)) {
      for (let which = 0; which < 2; which += 1) {
        const viewport = { width: Number(width), height }
        const { page, context } = await signedInPage(browser, server, {
          viewport,
          colorScheme,
          isMobile: viewport.width < 500,
        })
        await work({ page, context, label: `${width}-${colorScheme}` })
      }
    }
  }
}

/** A separate server, without deployments or with a thousand. */
async function elsewhere(browser: Browser, suffix: string, deployments: number): Promise<void> {
  const names = ['deployments', 'training-jobs'].filter((name) => wanted(`${name}-${suffix}`))
  if (names.length === 0) return
  const server = await startServer({
    fill: largeFleet(deployments),
    sampleIntervalMs: deployments > 100 ? 5_000 : 1_000,
  })
  await everywhere(browser, server, async ({ page, label }) => {
    for (const name of names) {
      await page.goto(`/${name}`)
      await page.locator('table').waitFor()
      await page.waitForTimeout(deployments > 0 ? 6_000 : 1_000)
      await shoot(page, `${name}-${suffix}-${label}`)
    }
  })
  await server.stop()
}

/** A page with all screenshots. */
async function writeIndex(): Promise<void> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.png')).sort()
  const pictures = files.map(
    (name) => `<figure><img src="${name}" loading="lazy"><figcaption>${name}</figcaption></figure>`,
  )
  const style =
    'body{font:12px sans-serif;display:flex;flex-wrap:wrap;gap:16px}figure{margin:0}img{height:420px;border:1px solid #999}'
  await writeFile(`${FOLDER}index.html`, `<!doctype html><style>${style}</style>${pictures.join('\n')}`)
  console.log(`${files.length} pictures in ${FOLDER}`)
}

if (only === '') await rm(FOLDER, { recursive: true, force: true })
await mkdir(FOLDER, { recursive: true })
const [server, browser] = await Promise.all([startServer(), launchBrowser()])
try {
  await usual(browser, server)
  await troubled(browser, server)
  await strained(browser, server)
  if (['deployments', 'deployment'].some((name) => wanted(`${name}-disconnected`) || wanted(`${name}-reconnected`))) {
    await cut(browser, server)
  }
} finally {
  await server.stop()
}
try {
  await elsewhere(browser, 'empty', 0)
  await elsewhere(browser, '1000', 1_000)
} finally {
  await browser.close()
}
await writeIndex()
