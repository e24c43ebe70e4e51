import { Link, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { DeploymentsTable_DeploymentFragment } from '../../graphql/gql/graphql.ts'
import type { Figure, Sample } from '../../live/sample.ts'
import { useServices } from '../../services.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { moment } from '../../ui/format.ts'
import { Status } from '../../ui/status.tsx'
import { ROW_LINK, RowName } from '../../ui/row-name.tsx'
import { byNumber, byText } from '../../ui/table-sorting.ts'
import { KIND_WORDS, STATUS_WORDS } from '../sources/health-words.ts'
import { Age } from './age.tsx'
import type { DeploymentColumns } from './deployments-columns.ts'
import { DEPLOYMENT_COLUMNS, type DeploymentColumn } from './deployments-search.ts'
import { ErrorCell, LatencyCell, RateCell, StatusCell, TrendCell } from './live-cells.tsx'
import { minorOf } from './minor-of.ts'
import type { Over } from './over.ts'
import { RowRequests } from './row-requests.tsx'
import { useFiguresForOrder } from './use-figures-for-order.ts'
import { useSparklineFill } from './use-sparkline-fill.ts'

const DeploymentsTableFragment = graphql(`
  fragment DeploymentsTable_deployment on Deployment {
    id
    version
    status
    createdAt
    source {
      kind
      health {
        status
        since
        lastError
      }
    }
    model {
      id
      name
    }
    trainingJob {
      id
      name
    }
  }
`)

type Deployment = DeploymentsTable_DeploymentFragment
type Row = { id: string; deployment: Deployment; active: boolean; figures: Sample | undefined }

const LIVE_COLUMNS = ['p50Ms', 'p95Ms', 'p99Ms', 'requestsPerSecond', 'errorRate'] as const satisfies readonly Figure[]
type LiveColumn = (typeof LIVE_COLUMNS)[number]

interface DeploymentsTableProps {
  deployments: readonly FragmentType<typeof DeploymentsTableFragment>[]
  columns: DeploymentColumns
  sort: { column: DeploymentColumn; descending: boolean } | undefined
  onSort: (column: DeploymentColumn, descending: boolean) => void
  marked: string | undefined
  /** Grows when sparklines have a gap to fill. */
  gaps: number
  /** What the current figures are of. */
  over: Over
  empty: ReactNode
}

const SORTED = 'Sorted every 5 seconds by the current figures'
const HELD = 'The order is held while the pointer or the focus is on a row'

export function DeploymentsTable(props: DeploymentsTableProps) {
  const { sort, onSort, marked, gaps, over } = props
  const { layout, shown, phone, sparkline } = props.columns
  const { fleet } = useServices()
  const navigate = useNavigate()
  const columns = useMemo(() => columnsFor(phone, sparkline), [phone, sparkline])
  const root = useRef<HTMLDivElement>(null)
  const liveSort = sort && isLive(sort.column) ? `${sort.column} ${sort.descending}` : undefined
  const { figures, isHeld } = useFiguresForOrder(fleet, liveSort, root)

  const rows = useMemo(
    () =>
      props.deployments.map((masked): Row => {
        const deployment = readFragment(DeploymentsTableFragment, masked)
        const active = deployment.status === 'ACTIVE'
        return { id: deployment.id, deployment, active, figures: (active && figures.get(deployment.id)) || undefined }
      }),
    [props.deployments, figures],
  )
  const open = useCallback(({ id }: Row) => void navigate({ to: '/deployments/$id', params: { id } }), [navigate])

  const [visible, setVisible] = useState<readonly string[]>([])
  useEffect(() => {
    const element = root.current
    if (!element) return
    const update = () => {
      const ids = [...element.querySelectorAll<HTMLElement>('tr[data-id]')].map((row) => row.dataset['id'] ?? '')
      setVisible((before) => (before.join(' ') === ids.join(' ') ? before : ids))
    }
    update()
    const observer = new MutationObserver(update)
    const body = element.querySelector('tbody')
    if (body) observer.observe(body, { childList: true })
    return () => observer.disconnect()
  }, [])
  const active = useMemo(() => {
    const ids = new Set(rows.filter((row) => row.active).map(({ id }) => id))
    return visible.filter((id) => ids.has(id))
  }, [visible, rows])
  useSparklineFill(active, gaps, Number(over))

  return (
    <div ref={root} className="relative">
      <DataTable
        label="Deployments"
        rows={rows}
        columns={columns}
        layout={layout}
        shown={shown}
        rowHeight={phone ? 52 : 32}
        sort={sort}
        onSort={(column, descending) => {
          const name = DEPLOYMENT_COLUMNS.find((one) => one === column)
          if (name) onSort(name, descending)
        }}
        onOpen={open}
        marked={marked}
        note={liveSort && (isHeld ? HELD : SORTED)}
        empty={props.empty}
      />
      <RowRequests root={root} over={over} />
    </div>
  )
}

function columnsFor(phone: boolean, width: number): Column<Row>[] {
  const live = (figure: LiveColumn, cell: Column<Row>['cell']): Column<Row> => ({
    id: figure,
    accessorFn: (row) => row.figures?.[figure] ?? undefined,
    sortUndefined: 'last',
    sortFn: byNumber,
    cell: cell ?? '',
  })
  return [
    {
      id: 'model',
      accessorFn: (row) => row.deployment.model.name,
      sortFn: byText,
      cell: ({ row }) => <ModelCell row={row.original} phone={phone} />,
    },
    {
      id: 'version',
      accessorFn: (row) => minorOf(row.deployment.version),
      sortFn: byNumber,
      cell: ({ row }) => <span translate="no">{row.original.deployment.version}</span>,
    },
    {
      id: 'status',
      accessorFn: (row) => row.deployment.status,
      sortFn: byText,
      cell: ({ row }) => <DeploymentStatus row={row.original} />,
    },
    live('p50Ms', ({ row }) => <LatencyCell {...liveOf(row.original)} figure="p50Ms" />),
    live('p95Ms', ({ row }) => <LatencyCell {...liveOf(row.original)} figure="p95Ms" />),
    live('p99Ms', ({ row }) => <LatencyCell {...liveOf(row.original)} figure="p99Ms" />),
    live('requestsPerSecond', ({ row }) => <RateCell {...liveOf(row.original)} />),
    live('errorRate', ({ row }) => <ErrorCell {...liveOf(row.original)} />),
    { id: 'trend', cell: ({ row }) => <TrendCell {...liveOf(row.original)} width={width} /> },
    {
      id: 'source',
      accessorFn: (row) => KIND_WORDS[row.deployment.source.kind],
      sortFn: byText,
      cell: ({ row }) => <span className="text-muted">{KIND_WORDS[row.original.deployment.source.kind]}</span>,
    },
    {
      id: 'age',
      accessorFn: (row) => -Date.parse(row.deployment.createdAt),
      sortFn: byNumber,
      cell: ({ row }) => <Age since={row.original.deployment.createdAt} />,
    },
  ]
}

function liveOf({ id, active, deployment }: Row) {
  return { id, active, stale: deployment.source.health.status === 'DOWN' }
}

/** The status, or what is wrong with the source: without it, no figure says anything. */
function DeploymentStatus({ row: { id, active, deployment } }: { row: Row }) {
  const { status, since, lastError } = deployment.source.health
  if (!active || status === 'UP') return <StatusCell id={id} active={active} />
  const { word, tone } = STATUS_WORDS[status]
  const about = `since ${moment(new Date(since))}${lastError ? `: ${lastError}` : ''}`
  return (
    <span title={about}>
      <Status tone={tone}>{status === 'WAITING' ? word : `Source ${word.toLowerCase()}`}</Status>
      <span className="sr-only"> {about}</span>
    </span>
  )
}

function ModelCell({ row, phone }: { row: Row; phone: boolean }) {
  const { model, version } = row.deployment
  return (
    <RowName
      link={
        <Link to="/deployments/$id" params={{ id: row.id }} title={model.name} {...ROW_LINK}>
          {model.name}
          <span className="sr-only"> {version}</span>
        </Link>
      }
      below={
        phone && (
          <>
            <span translate="no">{version}</span>
            <DeploymentStatus row={row} />
          </>
        )
      }
    />
  )
}

function isLive(column: DeploymentColumn): column is LiveColumn {
  return LIVE_COLUMNS.some((live) => live === column)
}
