import type { MergedWindow as MergedWindowRow } from '@gaugeline/prisma'
import { METRICS, type WindowMetrics } from '../metrics/window-metrics.ts'
import type { MergedWindow } from './merged-window.ts'

interface Column {
  column: string
  /** As it travels to PostgreSQL, in an array for `unnest`. */
  type: 'int' | 'bigint' | 'float8' | 'bytea' | 'jsonb'
  /** The value to read; default: the column. */
  read?: string
  /** The value to write, from the given one; default: as it is. */
  write?: (given: string) => string
}

type Metrics = typeof METRICS
/** Many samples add up to more than one of them can hold. */
type Wide<M extends keyof Metrics> = Omit<Metrics[M], 'type'> & { type: Column['type'] }

/** Each metric that the database has no column for fails to compile here. */
const metricColumns = Object.fromEntries(
  Object.entries(METRICS).map(([name, metric]) => [
    name,
    { ...metric, type: metric.merge === 'sum' && metric.type === 'int' ? 'bigint' : metric.type },
  ]),
) as { [M in keyof WindowMetrics & keyof MergedWindowRow]: Wide<M> }

/** A merged window's fields and their columns, once: the statements of its store are made from this table. */
const COLUMNS: Record<keyof MergedWindow, Column> = {
  series: { column: 'series', type: 'int' },
  resolutionMs: { column: 'resolution_ms', type: 'int' },
  windowStartMs: {
    column: 'window_start',
    type: 'float8',
    read: '(extract(epoch from window_start) * 1000)::float8',
    write: (ms) => `to_timestamp(${ms} / 1000)`,
  },
  coveredMs: { column: 'covered_ms', type: 'int' },
  beforeMs: { column: 'before_ms', type: 'int' },
  firstSequence: { column: 'first_sequence', type: 'bigint' },
  lastSequence: { column: 'last_sequence', type: 'bigint' },
  ...metricColumns,
  sources: { column: 'sources', type: 'jsonb' },
}

const ALL = Object.entries(COLUMNS) as [keyof MergedWindow, Column][]
const KEY = ['series', 'resolution_ms', 'window_start']

/** What to select, so that a row is a MergedWindow. */
export const MERGED_FIELDS = selected(ALL.map(([field]) => field))

const COUNTS: readonly (keyof MergedWindow)[] = [
  ...(['series', 'resolutionMs', 'windowStartMs', 'coveredMs', 'beforeMs', 'lastSequence'] as const),
  ...(['requests', 'errors', 'promptTokens', 'generatedTokens', 'inFlight', 'waiting'] as const),
]

/** Windows in part: what charts are mostly drawn from. The smaller ones first; few, since each is a prepared statement. */
const PARTS = {
  counts: COUNTS,
  latencies: [...COUNTS, 'latency', 'latencySumMs', 'latencyMaxMs'],
  all: ALL.map(([field]) => field),
} satisfies Record<string, readonly (keyof MergedWindow)[]>

export type WindowPart = keyof typeof PARTS

/** The smallest part that holds these fields. */
export function partWith(fields: ReadonlySet<string>): WindowPart {
  const parts = Object.entries(PARTS) as [WindowPart, readonly string[]][]
  return parts.find(([, held]) => [...fields].every((field) => held.includes(field)))?.[0] ?? 'all'
}

/** What to select, so that a row is a MergedWindow with null for what is not in the part. */
export const PART_FIELDS: Record<WindowPart, string> = {
  counts: selected(PARTS.counts),
  latencies: selected(PARTS.latencies),
  all: MERGED_FIELDS,
}

function selected(fields: readonly (keyof MergedWindow)[]): string {
  return ALL.map(([field, { column, type, read }]) =>
    fields.includes(field) ? `${read ?? column} as "${field}"` : `null::${type} as "${field}"`,
  ).join(', ')
}

const NAMES = ALL.map(([, { column }]) => column)
const VALUES = ALL.map(([field, { write }]) => (write === undefined ? `"${field}"` : write(`"${field}"`)))
const CHANGES = NAMES.filter((name) => !KEY.includes(name)).map((name) => `${name} = excluded.${name}`)

/**
 * Writes windows over what is stored of them.
 * @param first number of the first of the parameters that `mergedArrays` gives
 * @param condition on each row
 */
export function upsertMergedWindows(first: number, condition: string): string {
  const arrays = ALL.map(([, { type }], index) => `$${first + index}::${type}[]`)
  return `insert into merged_windows (${NAMES.join(', ')})
    select ${VALUES.join(', ')} from unnest(${arrays.join(', ')}) as i(${ALL.map(([field]) => `"${field}"`).join(', ')})
      where ${condition}
    on conflict (${KEY.join(', ')}) do update set ${CHANGES.join(', ')}`
}

/** One array for each of these parameters. */
export function mergedArrays(windows: readonly MergedWindow[]): unknown[][] {
  return ALL.map(([field]) =>
    windows.map(({ [field]: value }) => {
      // The driver takes bytes as a Buffer only.
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
    }),
  )
}
