import { MERGED_RESOLUTIONS } from '../base/kept-times.ts'
import { type MetricsSummary, summaryOf } from '../metrics/metrics-summary.ts'
import type { SampleStore } from './sample-store.ts'

/** What figures are of: the ids are uuids, the keys those of the tables of samples and merged windows. */
export type ExportedSeries = { kind: 'deployment' | 'model'; id: string; key: number } | { kind: 'fleet' }

export interface RowsRequest {
  series: ExportedSeries
  /** Rows whose windows lie in [fromMs, toMs). Multiples of the resolution, where there is one. */
  fromMs: number
  toMs: number
  /** Undefined: as finely as they are kept. */
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

/** The finest merged windows. */
const MERGED_MS = MERGED_RESOLUTIONS[0].resolutionMs

/** Every window of a deployment as finely as it is kept: merged windows before the first sample that is left. */
export class FinestRows implements ExportRows {
  readonly #samples: ExportRows
  readonly #merged: ExportRows

  constructor(samples: ExportRows, merged: ExportRows) {
    this.#samples = samples
    this.#merged = merged
  }

  async *of(request: RowsRequest): AsyncGenerator<readonly MetricsSummary[]> {
    let isFirst = true
    for await (const rows of this.#samples.of(request)) {
      // Samples are dropped by the hour, so the first that is left does not lie within a merged window.
      if (isFirst) yield* this.#before(request, Math.floor((rows[0]?.atMs ?? 0) / MERGED_MS) * MERGED_MS)
      isFirst = false
      yield rows
    }
    if (isFirst) yield* this.#before(request, Math.ceil(request.toMs / MERGED_MS) * MERGED_MS)
  }

  async *#before(request: RowsRequest, toMs: number): AsyncGenerator<readonly MetricsSummary[]> {
    const fromMs = Math.floor(request.fromMs / MERGED_MS) * MERGED_MS
    if (fromMs < toMs) yield* this.#merged.of({ ...request, fromMs, toMs, resolutionMs: MERGED_MS })
  }
}
