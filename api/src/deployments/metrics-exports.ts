import type { PrismaClient } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import { uuidOf } from '../base/global-ids.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import { versionOf } from '../models/models.ts'
import { EXPORT_FORMATS, type ExportFormatName } from '../samples/export-formats.ts'
import { type ExportQuery, readExportQuery } from '../samples/export-query.ts'
import { type ExportedSeries, type ExportRows, FinestRows, SampleRows } from '../samples/export-rows.ts'
import { type HistoryPart, HistoryRows, type RangeOfPoints } from '../samples/history-rows.ts'
import type { SampleStore } from '../samples/sample-store.ts'

/** Rows that are written in one go: some milliseconds. */
const ROWS_AT_ONCE = 125
/** The finest windows of models and of the fleet, and what they are exported in by default. */
const SHARED_RESOLUTION_MS = 60_000

/** Which figures, as the path says. */
export interface ExportTarget {
  kind: 'deployment' | 'model' | 'fleet'
  /** As the API gives it; empty for the fleet. */
  id: string
  format: ExportFormatName
}

export interface MetricsExport {
  contentType: string
  fileName: string
  /** Each makes the next part of the file; the first only once something has been read. */
  parts: AsyncIterable<() => string>
}

/** Of several deployments: merged, deleted ones included. */
interface Histories {
  ofDeployment(deployment: { id: string; key: number }, range: RangeOfPoints): Promise<HistoryPart>
  ofModel(model: { id: string; key: number }, range: RangeOfPoints): Promise<HistoryPart>
  ofFleet(filter: object, range: RangeOfPoints): Promise<HistoryPart>
}

interface MetricsExportsOptions {
  prisma: PrismaClient
  store: SampleStore
  histories: Histories
  clock: Clock
}

/** Files of the figures of any range, made while they are read: however long they are, little of them is in memory. */
export class MetricsExports {
  readonly #prisma: PrismaClient
  readonly #clock: Clock
  /** Windows as finely as they are kept, and those of a resolution. */
  readonly #finest: ExportRows
  readonly #merged: ExportRows

  constructor({ prisma, store, histories, clock }: MetricsExportsOptions) {
    this.#prisma = prisma
    this.#clock = clock
    this.#merged = new HistoryRows(
      (series, range) => {
        if (series.kind === 'fleet') return histories.ofFleet({}, range)
        return series.kind === 'model' ? histories.ofModel(series, range) : histories.ofDeployment(series, range)
      },
      () => clock.now(),
    )
    this.#finest = new FinestRows(new SampleRows(store), this.#merged)
  }

  /**
   * @param parameters see `readExportQuery`
   * @throws RefusedError BAD_USER_INPUT or NOT_FOUND
   */
  async open({ kind, id, format }: ExportTarget, parameters: URLSearchParams): Promise<MetricsExport> {
    const finest = kind === 'deployment' ? undefined : SHARED_RESOLUTION_MS
    const query = readExportQuery(parameters, this.#clock.now(), finest)
    const { series, name } = await this.#find(kind, id)
    const rows = query.resolutionMs === undefined ? this.#finest : this.#merged
    const { contentType } = EXPORT_FORMATS[format]
    return {
      contentType,
      fileName: fileNameOf(name, query, format),
      parts: partsOf(format, rows.of({ series, ...query })),
    }
  }

  async #find(kind: ExportTarget['kind'], id: string): Promise<{ series: ExportedSeries; name: string }> {
    if (kind === 'fleet') return { series: { kind }, name: 'fleet' }
    if (kind === 'model') {
      const model = await this.#prisma.model.findUnique({ where: { id: uuidOf('Model', id) } })
      if (model === null) throw new RefusedError('NOT_FOUND', 'There is no model with this id.')
      return { series: { kind, id: model.id, key: model.key }, name: model.name }
    }
    const where = { id: uuidOf('Deployment', id) }
    const deployment = await this.#prisma.deployment.findUnique({ where, include: { model: true } })
    if (deployment === null) throw new RefusedError('NOT_FOUND', 'There is no deployment with this id.')
    const { key, model, versionNumber } = deployment
    return { series: { kind, id: deployment.id, key }, name: `${model.name}-${versionOf(versionNumber)}` }
  }
}

/** Without slashes and the like, which no file system and no header needs to see. */
function fileNameOf(name: string, { fromMs }: ExportQuery, format: ExportFormatName): string {
  const from = new Date(fromMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return `${name}-${from}.${format}`.replaceAll(/[^A-Za-z0-9._-]/g, '-')
}

async function* partsOf(
  format: ExportFormatName,
  chunks: AsyncIterable<readonly MetricsSummary[]>,
): AsyncGenerator<() => string> {
  const { head, row, tail } = EXPORT_FORMATS[format]
  let isFirst = true
  for await (const rows of chunks) {
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      const isStart = isFirst
      isFirst = false
      const some = rows.slice(at, at + ROWS_AT_ONCE)
      yield () => (isStart ? head : '') + some.map((each, index) => row(each, isStart && index === 0)).join('')
    }
  }
  yield () => (isFirst ? head : '') + tail
}
