import { flagOf, oneOf } from '../../search-params.ts'
import { type RangeSearch, readRangeSearch } from '../history/range-search.ts'

/** The state of a deployment's page, as the URL holds it. */
export interface DeploymentSearch extends RangeSearch {
  /** Latency on a logarithmic scale. */
  log?: true
  /** The distribution of latencies as well. */
  heatmap?: true
  /** The dialog about the source that is open: its settings, or how to report. */
  source?: SourceDialog
}

const SOURCE_DIALOGS = ['change', 'report'] as const
type SourceDialog = (typeof SOURCE_DIALOGS)[number]

export function readDeploymentSearch(search: Record<string, unknown>): DeploymentSearch {
  return {
    ...readRangeSearch(search),
    log: flagOf(search['log']),
    heatmap: flagOf(search['heatmap']),
    source: oneOf(SOURCE_DIALOGS, search['source']),
  }
}
