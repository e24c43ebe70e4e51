import { flagOf, oneOf, textOf } from '../../search-params.ts'
import type { Percentile } from '../../live/sample.ts'
import { type RangeSearch, readRangeSearch } from '../history/range-search.ts'

/** More lines in one chart could not be told apart. */
export const MOST_COMPARED = 4

/** The percentiles that versions can be compared by. */
export const PERCENTILES = ['p50Ms', 'p95Ms', 'p99Ms'] as const satisfies readonly Percentile[]
export const DEFAULT_PERCENTILE: Percentile = 'p95Ms'

const SORTABLE = ['version', 'status', 'p50Ms', 'p95Ms', 'p99Ms', 'requestsPerSecond', 'errorRate', 'age'] as const
export type VersionSort = (typeof SORTABLE)[number]

/** The state of a model's page, as the URL holds it. */
export interface ModelSearch extends RangeSearch {
  /** Latency on a logarithmic scale. */
  log?: true
  /** The distribution of latencies as well. */
  heatmap?: true
  /** The versions to compare, the one to compare with first, separated by commas. */
  versions?: string
  /** The percentile that the latency of versions is compared by. */
  percentile?: Percentile
  sort?: VersionSort
  dir?: 'desc'
  /** Not only the newest versions are listed. */
  all?: true
}

export function readModelSearch(search: Record<string, unknown>): ModelSearch {
  const percentile = oneOf(PERCENTILES, search['percentile'])
  const sort = oneOf(SORTABLE, search['sort'])
  return {
    ...readRangeSearch(search),
    log: flagOf(search['log']),
    heatmap: flagOf(search['heatmap']),
    versions: versionsText(versionsOf(textOf(search['versions']))),
    percentile: percentile === DEFAULT_PERCENTILE ? undefined : percentile,
    sort,
    dir: sort && oneOf(['desc'], search['dir']),
    all: flagOf(search['all']),
  }
}

const VERSION = /^v\d{1,9}\.\d{1,9}\.\d{1,9}$/

/** The versions that the address names, each once. */
export function versionsOf(versions: string | undefined): string[] {
  const names = versions?.split(',').filter((name) => VERSION.test(name)) ?? []
  return [...new Set(names)].slice(0, MOST_COMPARED)
}

export function versionsText(versions: readonly string[]): string | undefined {
  return versions.join(',') || undefined
}
