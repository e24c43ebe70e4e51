import { oneOf, textOf } from '../../search-params.ts'
import { DEFAULT_OVER, type Over, OVERS } from './over.ts'

/** The state of the deployments page, as the URL holds it. Unknown and malformed parts are left out. */
export interface DeploymentsSearch {
  status?: 'ACTIVE' | 'PAUSED'
  q?: string
  model?: string
  source?: SourceKind
  sort?: DeploymentColumn
  dir?: 'desc'
  /** Hidden columns, separated by commas. */
  hide?: string
  /** The seconds that the current figures are of. */
  over?: Over
  /** A deployment that was just created, to scroll to and to highlight. */
  new?: string
}

export const SOURCE_KINDS = ['SIMULATED', 'SCRAPED', 'REPORTED'] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

export const DEPLOYMENT_COLUMNS = [
  'model',
  'version',
  'status',
  'p50Ms',
  'p95Ms',
  'p99Ms',
  'requestsPerSecond',
  'errorRate',
  'trend',
  'source',
  'age',
] as const
export type DeploymentColumn = (typeof DEPLOYMENT_COLUMNS)[number]

/** The model cannot be hidden: it names the row. */
export const HIDEABLE_COLUMNS = DEPLOYMENT_COLUMNS.filter((column) => column !== 'model')
const SORTABLE_COLUMNS = DEPLOYMENT_COLUMNS.filter((column) => column !== 'trend')

export function readDeploymentsSearch(search: Record<string, unknown>): DeploymentsSearch {
  const sort = oneOf(SORTABLE_COLUMNS, search['sort'])
  const hide = textOf(search['hide'])?.split(',')
  const over = oneOf(OVERS, search['over'])
  return {
    status: oneOf(['ACTIVE', 'PAUSED'], search['status']),
    q: textOf(search['q']),
    model: textOf(search['model']),
    source: oneOf(SOURCE_KINDS, search['source']),
    sort,
    dir: sort && oneOf(['desc'], search['dir']),
    hide: HIDEABLE_COLUMNS.filter((column) => hide?.includes(column)).join(',') || undefined,
    over: over === DEFAULT_OVER ? undefined : over,
    new: textOf(search['new']),
  }
}
