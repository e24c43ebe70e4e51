import type { TestDatabase } from '@gaugeline/prisma/testing'
import { Recorder } from '../../src/recording/recorder.ts'
import { AddressGuard } from '../../src/outbound/address-guard.ts'
import { allowedHosts } from '../../src/outbound/public-addresses.ts'
import { readBaseline } from '../../src/recording/sources/baseline.ts'
import { deltaOf } from '../../src/recording/sources/deltas.ts'
import { ScrapeFigures } from '../../src/recording/sources/scraping/scrape-figures.ts'
import { ScrapedSource } from '../../src/recording/sources/scraping/scraped-source.ts'
import type { SourceTransition } from '../../src/recording/sources/source-health.ts'
import type { ScrapeSettings } from '../../src/recording/sources/source-settings.ts'
import { SAMPLE_EFFECTS } from '../../src/samples/create-sample-storage.ts'
import { SampleStore } from '../../src/samples/sample-store.ts'
import { SourceStates } from '../../src/samples/source-states.ts'
import { completedJob, createTestDeps, type TestDeps, TEST_START_MS } from '../create-test-deps.ts'
import { CountingServer } from './counting-server.ts'
import { ManualSleeps } from './manual-sleeps.ts'

/** A recorder and a source of its own, of a server that scrapes. Several may use the same database. */
export class Scraping implements AsyncDisposable {
  readonly transitions: SourceTransition[] = []
  /** Of each scrape: null, or why it failed. */
  readonly outcomes: (string | null)[] = []
  readonly errors: unknown[] = []
  readonly store: SampleStore
  readonly figures: ScrapeFigures
  readonly source: ScrapedSource
  readonly recorder: Recorder
  /** How often a wake was asked for. */
  wakes = 0
  readonly #deps: TestDeps
  readonly #sleeps: ManualSleeps
  readonly #inFlight = new Set<Promise<unknown>>()
  /** Nobody waits for the scrapes of these. */
  readonly slow = new Set<string>()

  /** @param beside another one whose time is that of this one */
  constructor(deps: TestDeps, beside?: Scraping) {
    this.#deps = deps
    this.#sleeps = beside === undefined ? new ManualSleeps(deps.time) : beside.#sleeps
    this.store = new SampleStore(deps.database, SAMPLE_EFFECTS)
    const states = new SourceStates(deps.database)
    const onError = (error: unknown) => this.errors.push(error)
    this.figures = new ScrapeFigures({
      guard: new AddressGuard(allowedHosts(['127.0.0.1'])),
      onScrape: (failure) => this.outcomes.push(failure),
      onError,
    })
    this.source = new ScrapedSource({
      clock: deps.clock,
      scrape: (order, signal) => {
        const scraped = this.figures.scrape(order, signal)
        return this.slow.has(order.settings.url) ? scraped : this.#counted(scraped)
      },
      deltaOf,
      readBaseline,
      states: { of: (keys) => this.#counted(states.of(keys)) },
      onReady: () => {
        this.wakes += 1
      },
      onTransition: (transition) => this.transitions.push(transition),
      onError,
      sleep: this.#sleeps.sleep,
    })
    this.recorder = new Recorder({
      store: this.store,
      sourceOf: ({ source, intervalMs }) =>
        source === 'SCRAPED'
          ? { source: this.source, intervalMs: intervalMs ?? 5000 }
          : { source: deps.source, intervalMs: 1000 },
      onHeads: (heads) => this.source.onHeads(heads),
      bus: deps.bus,
      clock: deps.clock,
      intervalMs: 1000,
      onOutage: onError,
      onRecovery: () => undefined,
      onSourceError: onError,
    })
    this.source.start()
  }

  async #counted<T>(work: Promise<T>): Promise<T> {
    this.#inFlight.add(work)
    try {
      return await work
    } finally {
      this.#inFlight.delete(work)
    }
  }

  /** Resolves when nothing is being scraped or read. */
  readonly settle = async (): Promise<void> => {
    do {
      await Promise.allSettled(this.#inFlight)
      await new Promise((resolve) => setImmediate(resolve))
    } while (this.#inFlight.size > 0)
  }

  /** Lets time pass, and records each second, these others too. Errors of the store are kept in `errors`. */
  async pass(seconds: number, ...others: Scraping[]): Promise<void> {
    const all = [this, ...others]
    const settle = async () => {
      for (const one of all) await one.settle()
    }
    for (let second = 0; second < seconds; second += 1) {
      await this.#sleeps.pass(1000, settle)
      await Promise.all(all.map((one) => one.record()))
    }
  }

  /** Lets time pass while the server serves a request each second. */
  async serve(server: CountingServer, seconds: number, ...others: Scraping[]): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      server.serve(1)
      await this.pass(1, ...others)
    }
  }

  /** Of each sample: seconds from the start of the clock to the start of its window, its length, and its requests. */
  async samples(deploymentKey: number): Promise<(number | null)[][]> {
    const samples = await this.store.after(deploymentKey, 0, 10_000)
    return samples.map(({ windowStartMs, windowMs, requests }) => [
      (windowStartMs - TEST_START_MS) / 1000,
      windowMs / 1000,
      requests,
    ])
  }

  /** As an early tick does, or a wake. */
  async record(): Promise<void> {
    await this.settle()
    try {
      await this.recorder.recordUntil(this.#deps.clock.now())
      await this.settle()
    } catch (error) {
      this.errors.push(error)
    }
  }

  /** The next statement that stores a sample fails, or only its answer is lost. */
  loseAnswer(isStored: boolean): void {
    const { store } = this
    const { store: storeSamples } = SampleStore.prototype
    store.store = async (...given) => {
      if (given[0].length === 0) return storeSamples.apply(store, given)
      store.store = storeSamples
      if (isStored) await storeSamples.apply(store, given)
      throw new Error('the connection is lost')
    }
  }

  /** As when the server is killed: nothing is stored any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.recorder.stop()
    await this.source.stop()
    this.figures.stop()
  }
}

/** What a test of scraping begins with: a server that has counted for a while, and who scrapes it. */
export async function setUpScraping(
  database: TestDatabase,
): Promise<{ deps: TestDeps; server: CountingServer; scraping: Scraping }> {
  const deps = await createTestDeps(database)
  const server = await CountingServer.start()
  server.requests = 1000
  return { deps, server, scraping: new Scraping(deps) }
}

/** A deployment that is scraped. */
export async function deployScraped(
  deps: TestDeps,
  url: string,
  { intervalMs = 5000, ...others }: Partial<ScrapeSettings> & { intervalMs?: number } = {},
): Promise<{ id: string; key: number }> {
  const { id, key } = await deps.services.deployments.deploy(await completedJob(deps), { by: 'amira' })
  await setScraped(deps, key, url, { intervalMs, ...others })
  return { id, key }
}

/** Gives a deployment this source, as of now. */
export async function setScraped(
  { database, clock }: TestDeps,
  key: number,
  url: string,
  { intervalMs = 5000, ...others }: Partial<ScrapeSettings> & { intervalMs?: number } = {},
): Promise<void> {
  const settings: ScrapeSettings = {
    url,
    timeoutMs: 1000,
    labels: {},
    mapping: null,
    authorization: null,
    ...others,
  }
  const now = new Date(clock.now())
  await database.pool.query('delete from source_states where deployment_key = $1', [key])
  await database.pool.query(
    `with a as (update deployments set source = 'SCRAPED', interval_ms = $2, source_settings = $3 where key = $1),
      b as (update sample_heads set recording_since = greatest(recording_since, $4) where deployment_key = $1)
      insert into source_states (deployment_key, since) values ($1, $4)`,
    [key, intervalMs, JSON.stringify(settings), now],
  )
}
