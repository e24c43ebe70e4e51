import { Link, useNavigate } from '@tanstack/react-router'
import { useCallback, useMemo, useRef } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { VersionsTable_DeploymentFragment } from '../../graphql/gql/graphql.ts'
import type { Figure, Sample } from '../../live/sample.ts'
import { useServices } from '../../services.ts'
import { type Column, type ColumnLayout, DataTable } from '../../ui/data-table.tsx'
import { fittingColumns, useWidth } from '../../ui/fitting-columns.ts'
import { useMedia } from '../../ui/media.ts'
import { EmptyState } from '../../ui/message.tsx'
import { ROW_LINK, RowName } from '../../ui/row-name.tsx'
import { byNumber, byText } from '../../ui/table-sorting.ts'
import { Age } from '../deployments/age.tsx'
import { ErrorCell, LatencyCell, RateCell, StatusCell, TrendCell } from '../deployments/live-cells.tsx'
import { minorOf } from '../deployments/minor-of.ts'
import { useFiguresForOrder } from '../deployments/use-figures-for-order.ts'
import { MOST_COMPARED, type VersionSort } from './model-search.ts'

const VersionsTableFragment = graphql(`
  fragment VersionsTable_deployment on Deployment {
    id
    version
    status
    createdAt
    model {
      id
    }
  }
`)

type Row = {
  id: string
  deployment: VersionsTable_DeploymentFragment
  active: boolean
  figures: Sample | undefined
  /** Its place among the chosen ones; -1 if it is not chosen. */
  chosen: number
  onChoose: ((chosen: boolean) => void) | undefined
}

type VersionColumn = VersionSort | 'compare' | 'trend'

const LIVE = ['p50Ms', 'p95Ms', 'p99Ms', 'requestsPerSecond', 'errorRate'] as const satisfies readonly Figure[]
const SORTS = ['version', 'status', ...LIVE, 'age'] as const

const figure = { align: 'right', largestFirst: true } as const
const LAYOUT: Record<VersionColumn, ColumnLayout> = {
  compare: { title: 'Compare', width: 76, sortable: false },
  version: { title: 'Version', least: 128, largestFirst: true },
  status: { title: 'Status', width: 128 },
  p50Ms: { title: 'p50', width: 88, ...figure },
  p95Ms: { title: 'p95', width: 88, ...figure },
  p99Ms: { title: 'p99', width: 88, ...figure },
  requestsPerSecond: { title: 'Req/s', width: 76, ...figure },
  errorRate: { title: 'Err, %', width: 76, ...figure },
  trend: { title: 'p95, 2 min', width: 136, sortable: false },
  age: { title: 'Age', width: 64, align: 'right' },
}
const ALL = Object.keys(LAYOUT) as readonly VersionColumn[]
const PHONE: readonly VersionColumn[] = ['compare', 'version', 'p95Ms']
const LEAVING: readonly VersionColumn[] = ['p50Ms', 'age', 'trend', 'p99Ms']

interface VersionsTableProps {
  deployments: readonly FragmentType<typeof VersionsTableFragment>[]
  chosen: readonly string[]
  onChoose: (version: string, chosen: boolean) => void
  sort: { column: VersionSort; descending: boolean } | undefined
  onSort: (column: VersionSort, descending: boolean) => void
}

/** The versions of a model with their figures of the last minute, and which of them to compare. */
export function VersionsTable({ deployments, chosen, onChoose, sort, onSort }: VersionsTableProps) {
  const { fleet } = useServices()
  const navigate = useNavigate()
  const phone = useMedia('(max-width: 767px)')
  const root = useRef<HTMLDivElement>(null)
  const [measured, width] = useWidth()
  const liveSort = sort && LIVE.some((one) => one === sort.column) ? `${sort.column} ${sort.descending}` : undefined
  const { figures, isHeld } = useFiguresForOrder(fleet, liveSort, root)
  const isFull = chosen.length >= MOST_COMPARED
  const rows = useMemo(
    () =>
      deployments.map((masked): Row => {
        const deployment = readFragment(VersionsTableFragment, masked)
        const { id, version, status } = deployment
        const active = status === 'ACTIVE'
        const place = chosen.indexOf(version)
        return {
          id,
          deployment,
          active,
          figures: (active && figures.get(id)) || undefined,
          chosen: place,
          onChoose: place === -1 && isFull ? undefined : (isChosen) => onChoose(version, isChosen),
        }
      }),
    [deployments, chosen, isFull, figures, onChoose],
  )
  const sorted = sort?.column
  const shown = useMemo(() => {
    const leaving = LEAVING.filter((column) => column !== sorted)
    return phone ? PHONE : fittingColumns(ALL, LAYOUT, leaving, width)
  }, [phone, sorted, width])
  const open = useCallback(({ id }: Row) => void navigate({ to: '/deployments/$id', params: { id } }), [navigate])
  return (
    <div ref={root}>
      <div ref={measured}>
        <DataTable
          label="Versions"
          rows={rows}
          columns={phone ? PHONE_COLUMNS : COLUMNS}
          layout={LAYOUT}
          shown={shown}
          rowHeight={phone ? 52 : 32}
          sort={sort}
          onSort={(column, descending) => {
            const name = SORTS.find((one) => one === column)
            if (name) onSort(name, descending)
          }}
          onOpen={open}
          note={
            liveSort &&
            (isHeld
              ? 'The order is held while the pointer or the focus is on a row'
              : 'Sorted every 5 seconds by the current figures')
          }
          empty={
            <EmptyState title="No version is deployed">
              Versions appear here once one of the model’s training jobs is deployed.
            </EmptyState>
          }
        />
      </div>
    </div>
  )
}

function columnsFor(phone: boolean): Column<Row>[] {
  const live = (name: (typeof LIVE)[number], cell: Column<Row>['cell']): Column<Row> => ({
    id: name,
    accessorFn: (row) => row.figures?.[name] ?? undefined,
    sortUndefined: 'last',
    sortFn: byNumber,
    cell: cell ?? '',
  })
  return [
    { id: 'compare', cell: ({ row }) => <CompareCell row={row.original} /> },
    {
      id: 'version',
      accessorFn: (row) => minorOf(row.deployment.version),
      sortFn: byNumber,
      cell: ({ row }) => <VersionCell row={row.original} phone={phone} />,
    },
    {
      id: 'status',
      accessorFn: (row) => row.deployment.status,
      sortFn: byText,
      cell: ({ row }) => <StatusCell id={row.id} active={row.original.active} />,
    },
    live('p50Ms', ({ row }) => <LatencyCell id={row.id} active={row.original.active} figure="p50Ms" />),
    live('p95Ms', ({ row }) => <LatencyCell id={row.id} active={row.original.active} figure="p95Ms" />),
    live('p99Ms', ({ row }) => <LatencyCell id={row.id} active={row.original.active} figure="p99Ms" />),
    live('requestsPerSecond', ({ row }) => <RateCell id={row.id} active={row.original.active} />),
    live('errorRate', ({ row }) => <ErrorCell id={row.id} active={row.original.active} />),
    {
      id: 'trend',
      cell: ({ row }) => <TrendCell id={row.id} active={row.original.active} width={(LAYOUT.trend.width ?? 0) - 16} />,
    },
    {
      id: 'age',
      accessorFn: (row) => -Date.parse(row.deployment.createdAt),
      sortFn: byNumber,
      cell: ({ row }) => <Age since={row.original.deployment.createdAt} />,
    },
  ]
}

const COLUMNS = columnsFor(false)
const PHONE_COLUMNS = columnsFor(true)

function CompareCell({ row }: { row: Row }) {
  const { deployment, chosen, onChoose } = row
  const reason = `At most ${MOST_COMPARED} versions can be compared at a time`
  return (
    <label className="flex h-full items-center gap-1.5" title={onChoose ? undefined : reason}>
      <input
        type="checkbox"
        aria-label={`Compare ${deployment.version}${onChoose ? '' : `. ${reason}`}`}
        checked={chosen !== -1}
        aria-disabled={onChoose ? undefined : true}
        onChange={(event) => onChoose?.(event.target.checked)}
        className="size-4 accent-accent aria-disabled:opacity-40"
      />
      <span data-figures translate="no" className="text-xs text-muted">
        {chosen === -1 ? '' : chosen + 1}
      </span>
    </label>
  )
}

function VersionCell({ row, phone }: { row: Row; phone: boolean }) {
  return (
    <RowName
      link={
        <Link to="/deployments/$id" params={{ id: row.id }} {...ROW_LINK}>
          {row.deployment.version}
        </Link>
      }
      below={phone && <StatusCell id={row.id} active={row.active} />}
    />
  )
}
