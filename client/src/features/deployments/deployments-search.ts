/** The state of the deployments page, as the URL holds it. Unknown and malformed parts are left out. */
export interface DeploymentsSearch {
  status?: 'ACTIVE' | 'PAUSED'
  q?: string
  model?: string
  sort?: DeploymentColumn
  dir?: 'desc'
  /** Hidden columns, separated by commas. */
  hide?: string
  /** A deployment that was just created, to scroll to and to highlight. */
  new?: string
}

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
  'age',
] as const
export type DeploymentColumn = (typeof DEPLOYMENT_COLUMNS)[number]

export function readDeploymentsSearch(search: Record<string, unknown>): DeploymentsSearch {
  const { status, sort, dir, hide } = search
  const q = text(search['q'])
  const model = text(search['model'])
  const made = text(search['new'])
  const column = DEPLOYMENT_COLUMNS.find((name) => name === sort)
  return {
    ...(status === 'ACTIVE' || status === 'PAUSED' ? { status } : {}),
    ...(q ? { q } : {}),
    ...(model ? { model } : {}),
    ...(column ? { sort: column } : {}),
    ...(column && dir === 'desc' ? { dir } : {}),
    ...(typeof hide === 'string' && hide ? { hide } : {}),
    ...(made ? { new: made } : {}),
  }
}

/** The router reads `?q=123` as a number, but the person typed a text. */
function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : undefined
}
