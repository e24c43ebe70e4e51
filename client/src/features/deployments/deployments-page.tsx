import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useEffect, useMemo } from 'react'
import { graphql } from '../../graphql/documents.ts'
import type { DeploymentFilter, DeploymentsPageQuery } from '../../graphql/gql/graphql.ts'
import { usePages } from '../../graphql/use-pages.ts'
import { buttonClass, IconButton } from '../../ui/button.tsx'
import { FilterChips } from '../../ui/filter-chips.tsx'
import { useWidth } from '../../ui/fitting-columns.ts'
import { ColumnsIcon } from '../../ui/icons.tsx'
import { Menu } from '../../ui/menu.tsx'
import { EmptyState } from '../../ui/message.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Select } from '../../ui/select.tsx'
import { RowSkeletons } from '../../ui/skeleton.tsx'
import { useTitle } from '../../ui/title.ts'
import { ModelSelect } from '../models/model-select.tsx'
import { NAV } from '../shell/nav.ts'
import { QueryProblem } from '../shell/problem-pages.tsx'
import { KIND_WORDS } from '../sources/health-words.ts'
import { COLUMN_WORDS, type DeploymentColumns, useDeploymentColumns } from './deployments-columns.ts'
import { DeploymentsTable } from './deployments-table.tsx'
import {
  type DeploymentColumn,
  type DeploymentsSearch,
  HIDEABLE_COLUMNS,
  SOURCE_KINDS,
  type SourceKind,
} from './deployments-search.ts'
import { FleetStrip } from './fleet-strip.tsx'
import { DEFAULT_OVER } from './over.ts'
import { totalsKey, useFleetStream } from './use-fleet-stream.ts'
import { useTotalsFill } from './use-sparkline-fill.ts'

const DeploymentsPageDocument = graphql(`
  query DeploymentsPage($after: String) {
    deployments(first: 100, after: $after, orderBy: { field: CREATED_AT, direction: DESC }) {
      edges {
        cursor
        node {
          id
          status
          createdAt
          source {
            kind
          }
          model {
            id
            name
          }
          trainingJob {
            id
            name
          }
          ...DeploymentsTable_deployment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
    deploymentCounts {
      total
    }
  }
`)

const connectionOf = (data: DeploymentsPageQuery) => data.deployments
const MARKED_FOR_MS = 6_000

/** All deployments, with their current figures. */
export function DeploymentsPage() {
  useTitle(NAV.deployments.title)
  const search = useSearch({ from: '/app/deployments' })
  const navigate = useNavigate({ from: '/deployments' })
  const { nodes, error, truncated, complete, first, retry } = usePages(DeploymentsPageDocument, connectionOf)
  const filter = useMemo(() => filterOf(search), [search])
  const { over = DEFAULT_OVER } = search
  const gaps = useFleetStream(filter, Number(over))
  useTotalsFill(totalsKey(filter), filter, gaps, Number(over))

  const change = useCallback(
    (part: Partial<DeploymentsSearch>) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  )
  const onSearch = useCallback((q: string) => change({ q: q.trim() || undefined }), [change])
  const onSort = useCallback(
    (sort: DeploymentColumn, descending: boolean) => change({ sort, dir: descending ? 'desc' : undefined }),
    [change],
  )
  useEffect(() => {
    if (search.new === undefined) return
    const timer = setTimeout(() => change({ new: undefined }), MARKED_FOR_MS)
    return () => clearTimeout(timer)
  }, [search.new, change])

  const { q, model, source } = search
  const matching = useMemo(() => nodes?.filter(matches({ q, model, source })), [nodes, q, model, source])
  const rows = useMemo(
    () => matching?.filter(({ status }) => !search.status || status === search.status),
    [matching, search.status],
  )
  // The chosen one is among the choices even if no deployment has it.
  const models = useMemo(
    () =>
      [...new Set([...(nodes?.map(({ model }) => model.name) ?? []), ...(search.model ? [search.model] : [])])].sort(
        (a, b) => a.localeCompare(b),
      ),
    [nodes, search.model],
  )
  const sort = useMemo(
    () => (search.sort ? { column: search.sort, descending: search.dir === 'desc' } : undefined),
    [search.sort, search.dir],
  )
  const hidden = useMemo(() => search.hide?.split(',') ?? [], [search.hide])
  const [root, width] = useWidth()
  const columns = useDeploymentColumns(hidden, search.sort, width)

  if (!nodes && error) return <QueryProblem error={error} onRetry={retry} />

  const count = (status: 'ACTIVE' | 'PAUSED') => matching?.filter((one) => one.status === status).length
  return (
    <div ref={root} className="flex flex-col gap-4">
      <h1 className="sr-only">{NAV.deployments.title}</h1>
      <FleetStrip
        track={totalsKey(filter)}
        active={rows?.filter(({ status }) => status === 'ACTIVE').length}
        total={rows?.length}
        over={over}
        onOver={(next) => change({ over: next === DEFAULT_OVER ? undefined : next })}
      />
      <div className="flex flex-wrap items-center gap-2">
        <FilterChips
          label="Status"
          value={search.status ?? 'ALL'}
          onChange={(status) => change({ status: status === 'ALL' ? undefined : status })}
          options={[
            { value: 'ALL', label: 'All', count: matching?.length },
            { value: 'ACTIVE', label: 'Active', count: count('ACTIVE') },
            { value: 'PAUSED', label: 'Paused', count: count('PAUSED') },
          ]}
        />
        <div className="flex flex-1 flex-wrap items-center justify-end gap-2">
          <ModelSelect
            models={models}
            model={search.model}
            onChange={(model) => change({ model })}
            className="max-sm:flex-1 sm:max-lg:w-36"
          />
          <Select
            label="Source"
            value={source ?? ''}
            onChange={({ target }) => change({ source: SOURCE_KINDS.find((kind) => kind === target.value) })}
            className="max-sm:flex-1 sm:w-36"
          >
            <option value="">All sources</option>
            {SOURCE_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {KIND_WORDS[kind]}
              </option>
            ))}
          </Select>
          <SearchField label="Search model or job" value={search.q ?? ''} onChange={onSearch} />
          <span className="hidden md:block">
            <ColumnMenu
              columns={columns}
              hidden={hidden}
              onChange={(hide) => change({ hide: hide.join(',') || undefined })}
            />
          </span>
        </div>
      </div>
      <DeploymentsTable
        deployments={rows ?? NO_ROWS}
        columns={columns}
        sort={sort}
        onSort={onSort}
        marked={search.new}
        gaps={gaps}
        over={over}
        empty={
          nodes ? (
            <NoRows any={nodes.length > 0} onClear={() => change(NO_FILTER)} />
          ) : (
            <RowSkeletons phoneHeight={52} />
          )
        }
      />
      {truncated && (
        <p className="text-muted">
          Showing the newest {nodes?.length} of {first?.deploymentCounts.total} deployments. Search covers only these;
          the API covers all.
        </p>
      )}
      {rows && !complete && !truncated && <p className="text-muted">Loading more…</p>}
    </div>
  )
}

const NO_ROWS: [] = []
const NO_FILTER = { q: undefined, model: undefined, source: undefined, status: undefined }

function NoRows({ any, onClear }: { any: boolean; onClear: () => void }) {
  if (any) {
    return (
      <EmptyState
        title="No deployments match"
        action={
          <button type="button" className={buttonClass()} onClick={onClear}>
            Show all
          </button>
        }
      />
    )
  }
  return (
    <EmptyState
      title="Nothing is deployed yet"
      action={
        <Link to="/training-jobs" search={{ status: 'COMPLETED' }} className={buttonClass('primary')}>
          Completed training jobs
        </Link>
      }
    >
      Deploy a completed training job to see its metrics here.
    </EmptyState>
  )
}

interface ColumnMenuProps {
  columns: DeploymentColumns
  hidden: readonly string[]
  onChange: (hidden: string[]) => void
}

/** Which columns to show. Says of a chosen column if the window is too narrow for it. */
function ColumnMenu({ columns, hidden, onChange }: ColumnMenuProps) {
  const label = (column: DeploymentColumn) =>
    columns.withoutRoom.includes(column) ? `${COLUMN_WORDS[column]} (no room in this window)` : COLUMN_WORDS[column]
  return (
    <Menu
      trigger={
        <IconButton label="Columns" className="border border-line-strong bg-surface">
          <ColumnsIcon />
        </IconButton>
      }
      entries={HIDEABLE_COLUMNS.map((column) => ({
        kind: 'check',
        label: label(column),
        checked: !hidden.includes(column),
        onChange: (show) => onChange(show ? hidden.filter((one) => one !== column) : [...hidden, column]),
      }))}
    />
  )
}

/** The filter of the server's totals. It selects the same deployments as `matches` does among the rows. */
function filterOf({ status, model, source, q }: DeploymentsSearch): DeploymentFilter {
  return {
    ...(status ? { status: [status] } : {}),
    ...(model ? { model } : {}),
    ...(source ? { source: [source] } : {}),
    ...(q ? { search: q } : {}),
  }
}

interface Filterable {
  model: { name: string }
  trainingJob: { name: string }
  source: { kind: SourceKind }
}

function matches({ q, model, source }: Pick<DeploymentsSearch, 'model' | 'source' | 'q'>) {
  const wanted = q?.toLowerCase()
  return (one: Filterable) =>
    (!model || one.model.name === model) &&
    (!source || one.source.kind === source) &&
    (!wanted || [one.model.name, one.trainingJob.name].some((name) => name.toLowerCase().includes(wanted)))
}
