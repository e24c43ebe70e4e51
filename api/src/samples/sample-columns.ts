import type { Sample as SampleRow } from '@gaugeline/prisma'
import type { Sample } from '../metrics/sample.ts'
import { METRICS, type WindowMetrics } from '../metrics/window-metrics.ts'

interface Column {
  column: string
  /** As it travels to PostgreSQL, in an array for `unnest`. */
  type: 'int' | 'bigint' | 'float8' | 'bytea' | 'text' | 'jsonb'
  /** The value to read; default: the column. */
  read?: string
  /** The value to write, from the given one; default: as it is. */
  write?: (given: string) => string
}

/** Each metric that the database has no column for fails to compile here. */
const metricColumns: Record<keyof WindowMetrics & keyof SampleRow, Column> = METRICS

/** A sample's fields and their columns, once: the statements below are made from this table. */
const COLUMNS: Record<keyof Sample, Column> = {
  deploymentKey: { column: 'deployment_key', type: 'int' },
  sequence: { column: 'sequence', type: 'bigint' },
  windowStartMs: {
    column: 'window_start',
    type: 'float8',
    read: '(extract(epoch from window_start) * 1000)::float8',
    write: (ms) => `to_timestamp(${ms} / 1000)`,
  },
  windowMs: { column: 'window_ms', type: 'int' },
  ...metricColumns,
  source: { column: 'source', type: 'text', write: (name) => `${name}::"MetricsSource"` },
}

const ALL = Object.entries(COLUMNS) as [keyof Sample, Column][]

/** What to select, so that a row is a Sample. */
export const SAMPLE_FIELDS = ALL.map(([field, { column, read }]) => `${read ?? column} as "${field}"`).join(', ')

/** The columns to insert into, in the order of `SAMPLE_VALUES`. */
export const SAMPLE_COLUMNS = ALL.map(([, { column }]) => column).join(', ')

/** The values to insert, from rows of `SAMPLE_INPUT` named `i`. */
export const SAMPLE_VALUES = ALL.map(([field, { write }]) => {
  const given = `i."${field}"`
  return write === undefined ? given : write(given)
}).join(', ')

/** Samples as rows with the names of their fields, from the arrays that `sampleArrays` gives as parameters. */
export const SAMPLE_INPUT = `unnest(${ALL.map(([, { type }], index) => `$${index + 1}::${type}[]`).join(', ')})
  as i(${ALL.map(([field]) => `"${field}"`).join(', ')})`

export const SAMPLE_PARAMETERS = ALL.length

/** One array for each of these parameters. */
export function sampleArrays(samples: readonly Sample[]): unknown[][] {
  return ALL.map(([field]) =>
    samples.map(({ [field]: value }) => {
      // The driver takes bytes as a Buffer only.
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
    }),
  )
}
