import { type MetricsSummary, summaryOf } from '../metrics/metrics-summary.ts'
import type { SampleStore } from './sample-store.ts'

/** What figures are of: the ids are uuids, the keys those of the tables of samples and merged windows. */
export type ExportedSeries = { kind: 'deployment' | 'model'; id: string; key: number } | { kind: 'fleet' }

export interface RowsRequest {
  series: ExportedSeries
  /** Rows whose windows lie in [fromMs, toMs). Multiples of the resolution, where there is one. */
  fromMs: number
  toMs: number
  /** Undefined: as they were recorded. */
  resolutionMs: number | undefined
}

/** Where exports come from. */
export interface ExportRows {
  /**
   * Every row of a range, ascending, some at a time. Windows with nothing recorded are absent. Nothing is read ahead of
   * who reads.
   */
  of(request: RowsRequest): AsyncIterable<readonly MetricsSummary[]>
}

/** Samples that are read in one go: a few milliseconds. An export is in no hurry. */
const CHUNK_ROWS = 250

/** The samples of a deployment, as they were recorded. */
export class SampleRows implements ExportRows {
  readonly #store: SampleStore

  constructor(store: SampleStore) {
    this.#store = store
  }

  async *of({ series, fromMs, toMs }: RowsRequest): AsyncGenerator<readonly MetricsSummary[]> {
    if (series.kind !== 'deployment') throw new Error('Only deployments have samples.')
    for await (const samples of this.#store.range(series.key, fromMs, toMs, CHUNK_ROWS)) yield samples.map(summaryOf)
  }
}
