import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { registerJob, succeed } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'
import { ExampleModelServer, type KnownLatencies, type SeriesName } from './example-model-server.ts'

const SERIES: SeriesName[] = ['latency', 'timeToFirstToken', 'interTokenLatency', 'queueTime']
const QUANTILES = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1]

interface Summary {
  meanMs: number | null
  quantiles: { q: number; valueMs: number | null; lowMs: number; highMs: number | null; kind: string }[]
}
interface Window extends Record<SeriesName, Summary | null> {
  at: string
  windowSeconds: number
  requests: number | null
  errors: number | null
  errorsByReason: { reason: string; count: number }[]
  promptTokens: number | null
  generatedTokens: number | null
  inFlight: number | null
  kvCacheUsage: number | null
}
interface Followed {
  recentMetrics: Window[]
  metricsHistory: { summary: Window }
  source: { health: { status: string; lastError: string | null; series: number | null } }
}

const QUERY = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { deployment(id: $id) {
  source { health { status lastError series } }
  recentMetrics { ...Figures }
  metricsHistory(from: $from, to: $to, maxPoints: 300) { summary { ...Figures } } } }
fragment Figures on InferenceMetrics { at windowSeconds requests errors errorsByReason { reason count }
  promptTokens generatedTokens inFlight kvCacheUsage
  ${SERIES.map((name) => `${name} { meanMs quantiles(qs: [${QUANTILES.join(', ')}]) { q valueMs lowMs highMs kind } }`).join('\n')} }`

/** A busy machine may need a while for each step. */
const PATIENCE = { timeout: 20_000, interval: 100 }
/** A float that was added up in another order, or in seconds. */
const NEARLY = 1e-6

/** The latencies that one process had measured between two of its scrapes, the first one counted from 0. */
function between(known: KnownLatencies, name: SeriesName, from: number | null, to: number): number[] {
  const countAt = (scrape: number | null) => (scrape === null ? 0 : (known.scrapes[scrape]?.counts[name] ?? 0))
  return known.series[name].ms.slice(countAt(from), countAt(to))
}

/** The nearest rank, from the latencies themselves. */
function exactQuantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN
}

function expectWithinBounds(summary: Summary | null, values: number[]) {
  if (values.length === 0) return expect(summary).toBeNull()
  const sum = values.reduce((total, value) => total + value, 0)
  expect(summary?.meanMs).toBeCloseTo(sum / values.length, 5)
  for (const { q, valueMs, lowMs, highMs } of summary?.quantiles ?? []) {
    const exact = exactQuantile(values, q)
    expect({ q, exact, isAbove: exact >= lowMs - NEARLY }).toMatchObject({ isAbove: true })
    expect({ q, exact, highMs, isBelow: exact <= (highMs ?? Infinity) + NEARLY }).toMatchObject({ isBelow: true })
    expect(valueMs === null || (valueMs >= lowMs - NEARLY && valueMs <= (highMs ?? Infinity) + NEARLY)).toBe(true)
  }
  return expect(summary?.quantiles).toHaveLength(QUANTILES.length)
}

const endOf = ({ at, windowSeconds }: Window) => Date.parse(at) + windowSeconds * 1000

describe('a deployment that is scraped from the example server', () => {
  let app: TestApp
  let id: string
  let startedMs: number
  /** What each process knew of itself at the end, the newest one last. */
  const known: KnownLatencies[] = []
  let windows: Window[]
  let whole: Window

  async function follow(): Promise<Followed> {
    const to = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000).toISOString()
    const variables = { id, from: new Date(startedMs).toISOString(), to }
    return (await app.client.data<{ deployment: Followed }>(QUERY, variables)).deployment
  }
  const counted = ({ recentMetrics }: Followed) => recentMetrics.filter(({ requests }) => requests !== null)

  /** Ends a server directly after it was scraped, when nothing but that scrape was counted. */
  async function endAfterScrape(server: ExampleModelServer): Promise<KnownLatencies> {
    const before = (await server.known()).scrapes.length
    await vi.waitUntil(async () => (await server.known()).scrapes.length > before, { ...PATIENCE, interval: 10 })
    const last = await server.known()
    await server[Symbol.asyncDispose]()
    return last
  }

  beforeAll(async () => {
    app = await createTestApp('embedded', { scrapeAllowedHosts: ['127.0.0.1'] })
    const load = { rate: 40, slots: 24, failures: 0.3 }
    await using first = await ExampleModelServer.start(load)
    startedMs = Math.floor(Date.now() / 1000) * 1000
    const { deployment } = await succeed<{ deployment: { id: string } }>(
      app.client,
      'deployTrainingJob',
      {
        trainingJobId: await registerJob(app.client),
        source: { scrape: { url: first.metricsUrl, intervalSeconds: 1 } },
      },
      'deployment { id }',
    )
    id = deployment.id
    await vi.waitUntil(async () => counted(await follow()).length >= 1, PATIENCE)
    known.push(await endAfterScrape(first))
    await using second = await ExampleModelServer.start({ ...load, port: first.port })
    const lastEndMs = known[0]?.scrapes.at(-1)?.atMs ?? Infinity
    const isNew = (window: Window) => endOf(window) > lastEndMs
    await vi.waitUntil(async () => counted(await follow()).some(isNew), PATIENCE)
    known.push(await endAfterScrape(second))
    const lastScrapeMs = known[1]?.scrapes.at(-1)?.atMs ?? Infinity
    // The window that this scrape ended is stored a moment later.
    const lastEnd = ({ recentMetrics }: Followed) => endOf(recentMetrics.at(-1)!)
    await vi.waitUntil(async () => lastEnd(await follow()) > lastScrapeMs - 1000, PATIENCE)
    const followed = await follow()
    windows = followed.recentMetrics
    whole = followed.metricsHistory.summary
  })
  afterAll(() => app[Symbol.asyncDispose]())

  /** The process that was scraped for windows that end then, within the second after it, and the number of the scrape. */
  function scrapeAt(endMs: number): { process: KnownLatencies; scrape: number } | undefined {
    for (const process of known) {
      const scrape = process.scrapes.findIndex(({ atMs }) => atMs >= endMs && atMs < endMs + 1000)
      if (scrape >= 0) return { process, scrape }
    }
    return undefined
  }

  it('counts each latency in the window in which it was first seen, and nothing from before the first scrape', () => {
    for (const window of windows) {
      const [start, end] = [scrapeAt(Date.parse(window.at)), scrapeAt(endOf(window))]
      if (!end) throw new Error(`No scrape for ${JSON.stringify(window)}`)
      if (!start) {
        expect(window).toMatchObject({ requests: null, promptTokens: null, latency: null })
        continue
      }
      // Of a process that has begun since, all that it has counted.
      const from = start.process === end.process ? start.scrape : null
      for (const name of SERIES) expectWithinBounds(window[name], between(end.process, name, from, end.scrape))
      expect(window.requests).toBe(between(end.process, 'latency', from, end.scrape).length)
    }
    expect(windows.filter(({ requests }) => requests !== null).length).toBeGreaterThanOrEqual(3)
    expect(windows.slice(1).some(({ requests }) => requests === null)).toBe(false)
  })

  it('has every latency of the whole once, through the restart of the server', () => {
    const firstMs = Date.parse(windows.find(({ requests }) => requests !== null)?.at ?? '')
    const first = scrapeAt(firstMs)
    expect(first?.process).toBe(known[0])
    const lastOf = ({ scrapes }: KnownLatencies) => scrapes.length - 1
    const all = (name: SeriesName) => [
      ...between(known[0]!, name, first!.scrape, lastOf(known[0]!)),
      ...between(known[1]!, name, null, lastOf(known[1]!)),
    ]
    for (const name of SERIES) expectWithinBounds(whole[name], all(name))
    expect(whole.requests).toBe(all('latency').length)
    // Each generated token is either the first of its request, or came after another one.
    expect(whole.generatedTokens).toBe(all('timeToFirstToken').length + all('interTokenLatency').length)
    const failed = windows.flatMap(({ errorsByReason }) => errorsByReason)
    expect(failed.reduce((sum, { count }) => sum + count, 0)).toBe(whole.errors)
    expect(new Set(failed.map(({ reason }) => reason))).toEqual(new Set(['abort', 'error']))
  })

  it('is made by --connect, which finds it again when the server is started a second time', async () => {
    await registerJob(app.client, { modelName: 'test/chat-7b' })
    const first = await ExampleModelServer.connect(app.origin, ADMIN_TOKEN, { rate: 0 })
    await first.server[Symbol.asyncDispose]()
    const again = await ExampleModelServer.connect(app.origin, ADMIN_TOKEN, { rate: 0, port: first.server.port })
    await again.server[Symbol.asyncDispose]()
    expect(first.said).toMatch(/^Gaugeline follows it as test\/chat-7b v1\.0\.0: http\S+\/deployments\/\S+$/)
    expect(again.said).toBe(first.said)
  })
})
