import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useMemo } from 'react'
import { useClient, useSubscription } from 'urql'
import { codeOf } from '../../graphql/client.ts'
import { graphql } from '../../graphql/documents.ts'
import type { TrainingJobsPageQuery } from '../../graphql/gql/graphql.ts'
import { usePages } from '../../graphql/use-pages.ts'
import { Button } from '../../ui/button.tsx'
import { FilterChips } from '../../ui/filter-chips.tsx'
import { EmptyState } from '../../ui/message.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { useTitle } from '../../ui/title.ts'
import { ForbiddenPage, UnavailablePage } from '../shell/problem-pages.tsx'
import { STATUS_WORDS } from './job-status.tsx'
import { TrainingJobsTable } from './training-jobs-table.tsx'
import { TRAINING_STATUSES, type TrainingColumn, type TrainingSearch } from './training-search.ts'

const TrainingJobsPageDocument = graphql(`
  query TrainingJobsPage($after: String) {
    trainingJobs(first: 100, after: $after, orderBy: { field: CREATED_AT, direction: DESC }) {
      edges {
        cursor
        node {
          id
          name
          status
          model {
            id
            name
          }
          ...TrainingJobsTable_trainingJob
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

const TrainingProgressDocument = graphql(`
  subscription TrainingProgress {
    trainingJobProgress {
      trainingJob {
        id
        ...TrainingJobsTable_trainingJob
      }
    }
  }
`)

// The dialog is for the few who start a job; the table should not wait for it.
const StartJobDialog = lazy(() =>
  import('./start-job-dialog.tsx').then((module) => ({ default: module.StartJobDialog })),
)

const connectionOf = (data: TrainingJobsPageQuery) => data.trainingJobs

/** Every training run, those that run moving live, and *Deploy* for those that are done. */
export function TrainingJobsPage() {
  useTitle('Training jobs')
  const search = useSearch({ from: '/app/training-jobs' })
  const navigate = useNavigate({ from: '/training-jobs' })
  const client = useClient()
  const { nodes, error, truncated, complete } = usePages(TrainingJobsPageDocument, connectionOf)
  useSubscription({ query: TrainingProgressDocument })

  const change = useCallback(
    (part: Partial<TrainingSearch>, replace = true) =>
      void navigate({ search: (before) => clean({ ...before, ...part }), replace }),
    [navigate],
  )
  const onSearch = useCallback((q: string) => change({ q: q.trim() || undefined }), [change])
  const onSort = useCallback(
    (sort: TrainingColumn, descending: boolean) => change({ sort, dir: descending ? 'desc' : undefined }),
    [change],
  )
  const sort = useMemo(
    () => (search.sort ? { column: search.sort, descending: search.dir === 'desc' } : undefined),
    [search.sort, search.dir],
  )
  const matching = useMemo(() => {
    const wanted = search.q?.toLowerCase()
    return nodes?.filter(
      ({ name, model }) =>
        (!search.model || model.name === search.model) &&
        (!wanted || name.toLowerCase().includes(wanted) || model.name.toLowerCase().includes(wanted)),
    )
  }, [nodes, search.q, search.model])
  const rows = useMemo(
    () => matching?.filter(({ status }) => !search.status || status === search.status),
    [matching, search.status],
  )

  if (!nodes && error) {
    if (codeOf(error) === 'FORBIDDEN') return <ForbiddenPage />
    return (
      <UnavailablePage
        onRetry={() => void client.query(TrainingJobsPageDocument, {}, { requestPolicy: 'network-only' }).toPromise()}
      />
    )
  }
  return (
    <div className="flex flex-col gap-4">
      <div className="flex items-center justify-between gap-4">
        <h1 className="text-lg font-semibold">Training jobs</h1>
        <Button onClick={() => change({ start: true }, false)}>Start a training job</Button>
      </div>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <FilterChips
          label="Status"
          value={search.status ?? 'ALL'}
          onChange={(status) => change({ status: status === 'ALL' ? undefined : status })}
          options={[
            { value: 'ALL' as const, label: 'All', count: matching?.length },
            ...TRAINING_STATUSES.map((status) => ({
              value: status,
              label: STATUS_WORDS[status],
              count: matching?.filter((job) => job.status === status).length,
            })),
          ]}
        />
        <SearchField label="Search job or model" value={search.q ?? ''} onChange={onSearch} />
      </div>
      {rows ? (
        <TrainingJobsTable
          jobs={rows}
          sort={sort}
          onSort={onSort}
          empty={<NoRows any={(nodes?.length ?? 0) > 0} onStart={() => change({ start: true }, false)} />}
        />
      ) : (
        <TableSkeleton />
      )}
      {truncated && <p className="text-muted">The newest {nodes?.length} jobs. The API reaches all of them.</p>}
      {rows && !complete && !truncated && <p className="text-muted">Loading the rest…</p>}
      {search.start && (
        <Suspense>
          <StartJobDialog
            models={[...new Set(nodes?.map(({ model }) => model.name))]}
            onClose={() => change({ start: undefined })}
          />
        </Suspense>
      )}
    </div>
  )
}

function NoRows({ any, onStart }: { any: boolean; onStart: () => void }) {
  if (any) return <EmptyState title="No training job matches" />
  return (
    <EmptyState
      title="There are no training jobs yet"
      action={
        <Button kind="primary" onClick={onStart}>
          Start a training job
        </Button>
      }
    >
      A simulated run takes about a minute. Your own jobs appear here once they are registered through the API.
    </EmptyState>
  )
}

function TableSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading training jobs">
      <div className="h-8" />
      {Array.from({ length: 12 }, (_, index) => (
        <div key={index} className="flex h-14 items-center gap-6 border-t border-line px-2 md:h-8">
          <Skeleton className="h-3 w-52" />
          <Skeleton className="h-3 flex-1" />
        </div>
      ))}
    </div>
  )
}

function clean(search: Partial<TrainingSearch>): TrainingSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined))
}
