import { oneOf, textOf } from '../../search-params.ts'

export const MODEL_COLUMNS = ['name', 'latest', 'versions', 'active', 'requestsPerSecond', 'errorRate'] as const
export type ModelColumn = (typeof MODEL_COLUMNS)[number]

/** The state of the list of models, as the URL holds it. */
export interface ModelsSearch {
  q?: string
  sort?: ModelColumn
  dir?: 'desc'
}

export function readModelsSearch(search: Record<string, unknown>): ModelsSearch {
  const sort = oneOf(MODEL_COLUMNS, search['sort'])
  return { q: textOf(search['q']), sort, dir: sort && oneOf(['desc'], search['dir']) }
}
