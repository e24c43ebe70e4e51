import type { Database } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { Part } from '../base/lifecycle.ts'
import type { Bus } from '../bus/bus.ts'
import type { AddressGuard } from '../outbound/address-guard.ts'
import type { SourceName } from '../metrics/sample.ts'
import type { SampleStore } from '../samples/sample-store.ts'
import type { SourceStates } from '../samples/source-states.ts'
import { Recorder, type RecorderOptions } from './recorder.ts'
import { readBaseline } from './sources/baseline.ts'
import { deltaOf } from './sources/deltas.ts'
import { createReporting, type Reporting } from './sources/reporting/create-reporting.ts'
import { ScrapeFigures } from './sources/scraping/scrape-figures.ts'
import { ScrapedSource } from './sources/scraping/scraped-source.ts'
import type { Source } from './sources/source.ts'
import type { SourceTransition } from './sources/source-health.ts'
import { REPORT_INTERVAL_MS, SCRAPE_INTERVAL_MS } from './sources/source-settings.ts'

export interface RecordingOptions extends Pick<RecorderOptions, 'onRecovery'> {
  database: Database
  store: SampleStore
  states: SourceStates
  simulated: Source
  /** Who may be scraped. */
  guard: AddressGuard
  bus: Bus
  clock: Clock
  monotonic: Clock
  /** Of windows that are simulated. */
  intervalMs: number
  onTransition: (transition: SourceTransition) => void
  /** Counts what happens. */
  counters: {
    onScrape: (failure: string | null, durationMs: number) => void
    onStored: NonNullable<RecorderOptions['onStored']>
  }
  /** Makes what is called with each error of a part. */
  errorsOf: (what: string) => (error: unknown) => void
}

export interface Recording {
  recorder: Recorder
  scraped: ScrapedSource
  reporting: Reporting
  /** In the order in which they start: the recorder last, since it publishes what others wait for. */
  parts: readonly Part[]
}

/** The recorder and the sources that it asks. Starts nothing. */
export function createRecording(options: RecordingOptions): Recording {
  const { store, states, simulated, guard, bus, clock, intervalMs, onTransition, counters, errorsOf } = options
  const reporting = createReporting(options)
  const { source: reported } = reporting
  const figures = new ScrapeFigures({
    guard,
    onScrape: (failure, durationMs) => counters.onScrape(failure, durationMs),
    onError: errorsOf('what a target answers could not be read'),
  })
  const scraped = new ScrapedSource({
    clock,
    scrape: (order, signal) => figures.scrape(order, signal),
    deltaOf,
    readBaseline,
    states,
    onReady: () => recorder.wake(),
    onTransition,
    onError: errorsOf('what is stored of scraped deployments could not be read'),
  })
  /** Each with how long its windows are where a deployment does not say. */
  const sources: Record<SourceName, [Source, number]> = {
    SIMULATED: [simulated, intervalMs],
    SCRAPED: [scraped, SCRAPE_INTERVAL_MS],
    REPORTED: [reported, REPORT_INTERVAL_MS],
  }
  const recorder = new Recorder({
    store,
    bus,
    clock,
    intervalMs,
    sourceOf: (head) => {
      const [source, usualMs] = sources[head.source]
      return { source, intervalMs: head.intervalMs ?? usualMs }
    },
    onHeads: (heads) => {
      scraped.onHeads(heads)
      reported.onHeads(heads)
    },
    onSourceError: errorsOf('a source of samples fails; its deployments are not recorded'),
    onOutage: errorsOf('recording is stalled'),
    onRecovery: options.onRecovery,
    onStored: (latenessMs, count) => counters.onStored(latenessMs, count),
  })
  return { recorder, scraped, reporting, parts: [figures, scraped, recorder] }
}
