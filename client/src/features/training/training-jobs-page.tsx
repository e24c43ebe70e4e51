import { useNavigate, useSearch } from '@tanstack/react-router'
import { Suspense, useCallback, useId, useMemo } from 'react'
import { useSubscription } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import type { TrainingJobsPageQuery } from '../../graphql/gql/graphql.ts'
import { usePages } from '../../graphql/use-pages.ts'
import { Button } from '../../ui/button.tsx'
import { lazyComponent } from '../../ui/chunks.ts'
import { FilterChips } from '../../ui/filter-chips.tsx'
import { EmptyState } from '../../ui/message.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { RowSkeletons } from '../../ui/skeleton.tsx'
import { useTitle } from '../../ui/title.ts'
import { NOT_ALLOWED, useMay } from '../session/scopes.ts'
import { NAV } from '../shell/nav.ts'
import { QueryProblem } from '../shell/problem-pages.tsx'
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
          createdAt
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
      deleted
      trainingJob {
        id
        ...TrainingJobsTable_trainingJob
      }
    }
  }
`)

// Few people start a job, so the table does not wait for the dialog's code.
const StartJobDialog = lazyComponent(async () => (await import('./start-job-dialog.tsx')).StartJobDialog)

const connectionOf = (data: TrainingJobsPageQuery) => data.trainingJobs

/** All training jobs, with the live progress of running ones and a *Deploy* button for completed ones. */
export function TrainingJobsPage() {
  useTitle(NAV.trainingJobs.title)
  const search = useSearch({ from: '/app/training-jobs' })
  const navigate = useNavigate({ from: '/training-jobs' })
  const mayTrain = useMay('TRAIN')
  const { nodes, error, truncated, complete, retry } = usePages(TrainingJobsPageDocument, connectionOf)
  useSubscription({ query: TrainingProgressDocument })

  const change = useCallback(
    (part: Partial<TrainingSearch>, replace = true) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace }),
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

  if (!nodes && error) return <QueryProblem error={error} onRetry={retry} />
  return (
    <div className="flex flex-col gap-4">
      <div className="flex items-center justify-between gap-4">
        <h1 className="text-lg font-semibold">{NAV.trainingJobs.title}</h1>
        <StartButton onStart={() => change({ start: true }, false)} />
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
      <TrainingJobsTable
        jobs={rows ?? NO_ROWS}
        sort={sort}
        onSort={onSort}
        empty={
          nodes ? (
            <NoRows any={nodes.length > 0} onStart={() => change({ start: true }, false)} />
          ) : (
            <RowSkeletons phoneHeight={56} />
          )
        }
      />
      {truncated && <p className="text-muted">Showing the newest {nodes?.length} jobs. The API returns all of them.</p>}
      {rows && !complete && !truncated && <p className="text-muted">Loading more…</p>}
      {search.start && mayTrain && (
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

/** Opens the dialog. Says so if the person is not allowed to start a job. */
function StartButton({ primary = false, onStart }: { primary?: boolean; onStart: () => void }) {
  const reasonId = useId()
  const mayTrain = useMay('TRAIN')
  return (
    <span className="inline-flex items-center gap-2">
      {!mayTrain && (
        <span id={reasonId} className="text-xs text-muted">
          {NOT_ALLOWED}
        </span>
      )}
      <Button
        kind={primary ? 'primary' : 'plain'}
        off={!mayTrain}
        aria-describedby={mayTrain ? undefined : reasonId}
        onClick={onStart}
      >
        Start a training job
      </Button>
    </span>
  )
}

const NO_ROWS: [] = []

function NoRows({ any, onStart }: { any: boolean; onStart: () => void }) {
  if (any) return <EmptyState title="No training jobs match" />
  return (
    <EmptyState title="There are no training jobs yet" action={<StartButton primary onStart={onStart} />}>
      A simulated run takes about a minute. Your own jobs appear here once you register them through the API.
    </EmptyState>
  )
}
