import { latencyFigures } from '../metrics/latency-figures.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import type { WindowMetrics } from '../metrics/window-metrics.ts'

interface Latencies {
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
  meanMs: number | null
  maxMs: number | null
}

/** Every metric has a column of its own; the distribution, its sum and its maximum are in those of `Latencies`. */
type ExportedMetric = Exclude<keyof WindowMetrics, 'latency' | 'latencySumMs' | 'latencyMaxMs'>

/** A row as it is exported: its keys are the columns, in this order. The figures are those of the API. */
function exported(row: MetricsSummary) {
  const { atMs, windowMs, coveredMs, requests, errors, promptTokens, generatedTokens, inFlight, sources } = row
  return {
    at: new Date(atMs).toISOString(),
    windowSeconds: windowMs / 1000,
    coveredSeconds: coveredMs / 1000,
    requests,
    errors,
    errorRate: errors !== null && requests ? errors / requests : null,
    ...latenciesOf(row),
    promptTokens,
    generatedTokens,
    inFlight,
    sources: sources as readonly string[],
  } satisfies Record<ExportedMetric, unknown> & Record<string, unknown>
}

function latenciesOf(row: MetricsSummary): Latencies {
  const figures = latencyFigures(row)
  if (figures === null) return { p50Ms: null, p95Ms: null, p99Ms: null, meanMs: null, maxMs: null }
  const { distribution, totals, meanMs } = figures
  const quantile = (q: number) => distribution.quantile(q, totals)?.valueMs ?? null
  return { p50Ms: quantile(0.5), p95Ms: quantile(0.95), p99Ms: quantile(0.99), meanMs, maxMs: totals.maxMs }
}

const NO_ROW: MetricsSummary = {
  atMs: 0,
  windowMs: 0,
  coveredMs: 0,
  requests: 0,
  errors: 0,
  latencySumMs: 0,
  latencyMaxMs: 0,
  latency: null,
  promptTokens: null,
  generatedTokens: null,
  inFlight: null,
  sources: [],
}

interface ExportFormat {
  contentType: string
  /** Before the first row. */
  head: string
  row: (row: MetricsSummary, isFirst: boolean) => string
  /** After the last one. */
  tail: string
}

/**
 * A file that was cut short is told from a whole one: JSON is not closed then, and of both the transfer fails. Cells of
 * CSV are figures, times and names of our own, so none needs quotes and none can be taken for a formula.
 */
export const EXPORT_FORMATS = {
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: `${Object.keys(exported(NO_ROW)).join(',')}\n`,
    row: (row) => `${Object.values(exported(row)).map(cell).join(',')}\n`,
    tail: '',
  },
  json: {
    contentType: 'application/json; charset=utf-8',
    head: '[',
    row: (row, isFirst) => `${isFirst ? '\n' : ',\n'}${JSON.stringify(exported(row))}`,
    tail: '\n]\n',
  },
} satisfies Record<string, ExportFormat>

export type ExportFormatName = keyof typeof EXPORT_FORMATS

function cell(value: string | number | null | readonly string[]): string {
  if (value === null) return ''
  return typeof value === 'object' ? value.join(' ') : String(value)
}
