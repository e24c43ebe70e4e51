/** Relay's page arguments, unchecked. */
export interface PageRequest {
  first?: number | null | undefined
  after?: string | null | undefined
  last?: number | null | undefined
  before?: string | null | undefined
}

export interface Page<Row> {
  edges: { cursor: string; node: Row }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  /** The length of the whole list: statements of their own, for those who ask. */
  totalCount: () => Promise<number>
}

export const MAX_PAGE = 100
export const DEFAULT_PAGE = 20
