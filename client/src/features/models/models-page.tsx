import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { DeploymentsPageDocument } from '../../graphql/gql/graphql.ts'
import type { DeploymentsPageQuery, ModelsPageQuery } from '../../graphql/gql/graphql.ts'
import { usePages } from '../../graphql/use-pages.ts'
import type { Sample } from '../../live/sample.ts'
import { useServices } from '../../services.ts'
import { buttonClass } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/message.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { RowSkeletons } from '../../ui/skeleton.tsx'
import { useTitle } from '../../ui/title.ts'
import { useFleetStream } from '../deployments/use-fleet-stream.ts'
import { NAV } from '../shell/nav.ts'
import { QueryProblem } from '../shell/problem-pages.tsx'
import { modelKey, modelTotals } from './model-totals.ts'
import { ModelsTable } from './models-table.tsx'
import type { ModelColumn, ModelsSearch } from './models-search.ts'

const ModelsPageDocument = graphql(`
  query ModelsPage($after: String) {
    models(first: 100, after: $after) {
      edges {
        cursor
        node {
          id
          name
          ...ModelsTable_model
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

const modelsOf = (data: ModelsPageQuery) => data.models
const deploymentsOf = (data: DeploymentsPageQuery) => data.deployments
const NO_FILTER = {}
const OVER_SECONDS = 60

/** All models, with what is deployed of each. */
export function ModelsPage() {
  useTitle(NAV.models.title)
  const { fleet } = useServices()
  const search = useSearch({ from: '/app/models' })
  const navigate = useNavigate({ from: '/models' })
  const { nodes, error, truncated, complete, retry } = usePages(ModelsPageDocument, modelsOf)
  const deployed = usePages(DeploymentsPageDocument, deploymentsOf)
  // What a part of the deployments says of a model may be wrong.
  const deployments = deployed.complete ? deployed.nodes : undefined
  const modelOf = useMemo(() => new Map(deployments?.map(({ id, model }) => [id, model.name])), [deployments])
  const active = useMemo(() => {
    if (!deployments) return undefined
    const counts = new Map<string, number>()
    for (const { model, status } of deployments) {
      if (status === 'ACTIVE') counts.set(model.name, (counts.get(model.name) ?? 0) + 1)
    }
    return counts
  }, [deployments])
  useFleetStream(NO_FILTER, OVER_SECONDS, (samples: ReadonlyMap<string, Sample>) => {
    for (const [name, sample] of modelTotals(samples, modelOf)) fleet.add(modelKey(name), sample)
  })

  const change = useCallback(
    (part: Partial<ModelsSearch>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  )
  const onSearch = useCallback((q: string) => change({ q: q.trim() || undefined }), [change])
  const onSort = useCallback(
    (sort: ModelColumn, descending: boolean) => change({ sort, dir: descending ? 'desc' : undefined }),
    [change],
  )
  const sort = useMemo(
    () => (search.sort ? { column: search.sort, descending: search.dir === 'desc' } : undefined),
    [search.sort, search.dir],
  )
  const rows = useMemo(() => {
    const wanted = search.q?.toLowerCase()
    return nodes?.filter(({ name }) => !wanted || name.toLowerCase().includes(wanted))
  }, [nodes, search.q])

  if (!nodes && error) return <QueryProblem error={error} onRetry={retry} />
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h1 className="text-lg font-semibold">{NAV.models.title}</h1>
        <SearchField label="Search model" value={search.q ?? ''} onChange={onSearch} />
      </div>
      <ModelsTable
        models={rows ?? NO_ROWS}
        active={active}
        sort={sort}
        onSort={onSort}
        empty={
          !nodes ? (
            <RowSkeletons phoneHeight={52} />
          ) : nodes.length > 0 ? (
            <EmptyState
              title="No models match"
              action={
                <button type="button" className={buttonClass()} onClick={() => change({ q: undefined })}>
                  Show all
                </button>
              }
            />
          ) : (
            <EmptyState title="There are no models yet">
              A model comes into being with the first training job that is registered under its name.
            </EmptyState>
          )
        }
      />
      {truncated && (
        <p className="text-muted">Showing the first {nodes?.length} models. The API returns all of them.</p>
      )}
      {rows && !complete && !truncated && <p className="text-muted">Loading more…</p>}
    </div>
  )
}

const NO_ROWS: [] = []
