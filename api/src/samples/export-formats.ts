import { latencyFigures } from '../metrics/latency-figures.ts'
import { mostFrequentFirst } from '../metrics/reasons.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import { type DistributionName, NOTHING_KNOWN, type WindowMetrics } from '../metrics/window-metrics.ts'

/** Every metric has a column of its own; a distribution, its sum and its maximum are in those of `Quantiles`. */
type ExportedMetric = Exclude<keyof WindowMetrics, DistributionName | `${DistributionName}${'SumMs' | 'MaxMs'}`>

/** A row as it is exported: its keys are the columns, in this order. The figures are those of the API. */
function exported(row: MetricsSummary) {
  const { atMs, windowMs, coveredMs, requests, errors, sources } = row
  return {
    at: new Date(atMs).toISOString(),
    windowSeconds: windowMs / 1000,
    coveredSeconds: coveredMs / 1000,
    requests,
    errors,
    errorRate: errors !== null && requests ? Math.min(1, errors / requests) : null,
    ...quantiles(row, 'latency', ['p50Ms', 'p95Ms', 'p99Ms', 'meanMs', 'maxMs']),
    promptTokens: row.promptTokens,
    generatedTokens: row.generatedTokens,
    inFlight: row.inFlight,
    sources: sources as readonly string[],
    ...quantiles(row, 'timeToFirstToken', [
      'timeToFirstTokenP50Ms',
      'timeToFirstTokenP95Ms',
      'timeToFirstTokenP99Ms',
      'timeToFirstTokenMeanMs',
      'timeToFirstTokenMaxMs',
    ]),
    ...quantiles(row, 'interTokenLatency', [
      'interTokenLatencyP50Ms',
      'interTokenLatencyP95Ms',
      'interTokenLatencyP99Ms',
      'interTokenLatencyMeanMs',
      'interTokenLatencyMaxMs',
    ]),
    ...quantiles(row, 'queueTime', [
      'queueTimeP50Ms',
      'queueTimeP95Ms',
      'queueTimeP99Ms',
      'queueTimeMeanMs',
      'queueTimeMaxMs',
    ]),
    waiting: row.waiting,
    kvCacheUsage: row.kvCacheUsage,
    errorsByReason: row.errorsByReason && Object.fromEntries(mostFrequentFirst(row.errorsByReason)),
    lateReports: row.lateReports,
  } satisfies Record<ExportedMetric, unknown> & Record<string, unknown>
}

function quantiles<N extends string>(
  row: MetricsSummary,
  distributionName: DistributionName,
  names: readonly [p50: N, p95: N, p99: N, mean: N, max: N],
): Record<N, number | null> {
  const figures = latencyFigures(row, distributionName)
  const quantile = (q: number) => figures?.distribution.quantile(q, figures.totals)?.valueMs ?? null
  const values = [quantile(0.5), quantile(0.95), quantile(0.99), figures?.meanMs ?? null, figures?.totals.maxMs ?? null]
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? null])) as Record<N, number | null>
}

const NO_ROW: MetricsSummary = {
  atMs: 0,
  windowMs: 0,
  coveredMs: 0,
  ...NOTHING_KNOWN,
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
 * CSV are figures, times and names of our own, which need no quotes, and the reasons of errors, which are in them.
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

function cell(value: string | number | null | readonly string[] | Readonly<Record<string, number>>): string {
  if (value === null) return ''
  if (Array.isArray(value)) return value.join(' ')
  // Reasons are words from elsewhere; in JSON they begin with a brace, so none can be taken for a formula.
  return typeof value === 'object' ? `"${JSON.stringify(value).replaceAll('"', '""')}"` : String(value)
}
