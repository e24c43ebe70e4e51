import { flagOf, oneOf } from '../../search-params.ts'

export const RANGES = ['5m', '15m', '1h', '6h'] as const
export type Range = (typeof RANGES)[number]

/** The state of a deployment's page, as the URL holds it. */
export interface DeploymentSearch {
  range?: Range
  /** Latency on a logarithmic scale. */
  log?: true
}

export const DEFAULT_RANGE: Range = '15m'

export const RANGE_SECONDS: Record<Range, number> = { '5m': 300, '15m': 900, '1h': 3600, '6h': 21_600 }
export const RANGE_WORDS: Record<Range, string> = { '5m': '5 min', '15m': '15 min', '1h': '1 h', '6h': '6 h' }

export function readDeploymentSearch(search: Record<string, unknown>): DeploymentSearch {
  return { range: oneOf(RANGES, search['range']), log: flagOf(search['log']) }
}
