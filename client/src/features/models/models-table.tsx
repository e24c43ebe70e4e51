import { Link, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useCallback, useMemo, useRef } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { ModelsTable_ModelFragment } from '../../graphql/gql/graphql.ts'
import { useServices } from '../../services.ts'
import { type Column, type ColumnLayout, DataTable } from '../../ui/data-table.tsx'
import { fittingColumns, useWidth } from '../../ui/fitting-columns.ts'
import { NO_DATA } from '../../ui/format.ts'
import { useMedia } from '../../ui/media.ts'
import { ROW_LINK, RowName } from '../../ui/row-name.tsx'
import { byNumber, byText } from '../../ui/table-sorting.ts'
import { Value } from '../../ui/value.tsx'
import { ErrorCell, RateCell } from '../deployments/live-cells.tsx'
import { useFiguresForOrder } from '../deployments/use-figures-for-order.ts'
import { modelKey } from './model-totals.ts'
import { MODEL_COLUMNS, type ModelColumn } from './models-search.ts'

const ModelsTableFragment = graphql(`
  fragment ModelsTable_model on Model {
    id
    name
    latestVersion
    deployments(first: 1) {
      totalCount
    }
  }
`)

type Row = {
  id: string
  model: ModelsTable_ModelFragment
  /** Undefined while it is not known. */
  active: number | undefined
  requestsPerSecond: number | undefined
  errorRate: number | undefined
}

const LAYOUT: Record<ModelColumn, ColumnLayout> = {
  name: { title: 'Model', least: 144 },
  latest: { title: 'Latest', width: 104, largestFirst: true },
  versions: { title: 'Versions', width: 96, align: 'right', largestFirst: true },
  active: { title: 'Active', width: 88, align: 'right', largestFirst: true },
  requestsPerSecond: { title: 'Requests/s', width: 108, align: 'right', largestFirst: true },
  errorRate: { title: 'Errors, %', width: 96, align: 'right', largestFirst: true },
}
const PHONE: readonly ModelColumn[] = ['name', 'active', 'requestsPerSecond']
const LEAVING: readonly ModelColumn[] = ['versions', 'latest']

interface ModelsTableProps {
  models: readonly FragmentType<typeof ModelsTableFragment>[]
  /** The active deployments of each model that has any; undefined while they are not known. */
  active: ReadonlyMap<string, number> | undefined
  sort: { column: ModelColumn; descending: boolean } | undefined
  onSort: (column: ModelColumn, descending: boolean) => void
  empty: ReactNode
}

export function ModelsTable({ models, active, sort, onSort, empty }: ModelsTableProps) {
  const { fleet } = useServices()
  const navigate = useNavigate()
  const phone = useMedia('(max-width: 767px)')
  const root = useRef<HTMLDivElement>(null)
  const [measured, width] = useWidth()
  const sorted = sort?.column
  const isLive = sorted === 'requestsPerSecond' || sorted === 'errorRate'
  const { figures, isHeld } = useFiguresForOrder(fleet, isLive ? `${sorted} ${sort?.descending}` : undefined, root)
  const rows = useMemo(
    () =>
      models.map((masked): Row => {
        const model = readFragment(ModelsTableFragment, masked)
        const count = active ? (active.get(model.name) ?? 0) : undefined
        const latest = count ? figures.get(modelKey(model.name)) : undefined
        return {
          id: model.id,
          model,
          active: count,
          requestsPerSecond: latest?.requestsPerSecond ?? undefined,
          errorRate: latest?.errorRate ?? undefined,
        }
      }),
    [models, active, figures],
  )
  const shown = useMemo(() => {
    const leaving = LEAVING.filter((column) => column !== sorted)
    return phone ? PHONE : fittingColumns(MODEL_COLUMNS, LAYOUT, leaving, width)
  }, [phone, sorted, width])
  const open = useCallback(
    ({ model }: Row) => void navigate({ to: '/models/$name', params: { name: model.name } }),
    [navigate],
  )
  return (
    <div ref={root}>
      <div ref={measured}>
        <DataTable
          label="Models"
          rows={rows}
          columns={phone ? PHONE_COLUMNS : COLUMNS}
          layout={phone ? PHONE_LAYOUT : LAYOUT}
          shown={shown}
          rowHeight={phone ? 52 : 32}
          sort={sort}
          onSort={(column, descending) => {
            const name = MODEL_COLUMNS.find((one) => one === column)
            if (name) onSort(name, descending)
          }}
          onOpen={open}
          note={
            isLive
              ? isHeld
                ? 'The order is held while the pointer or the focus is on a row'
                : 'Sorted every 5 seconds by the current figures'
              : undefined
          }
          empty={empty}
        />
      </div>
    </div>
  )
}

const PHONE_LAYOUT: Record<ModelColumn, ColumnLayout> = {
  ...LAYOUT,
  active: { ...LAYOUT.active, width: 72 },
  requestsPerSecond: { ...LAYOUT.requestsPerSecond, title: 'Req/s', width: 76 },
}

function columnsFor(phone: boolean): Column<Row>[] {
  return [
    {
      id: 'name',
      accessorFn: ({ model }) => model.name,
      sortFn: byText,
      cell: ({ row }) => <NameCell model={row.original.model} phone={phone} />,
    },
    {
      id: 'latest',
      accessorFn: ({ model }) => Number(/^v\d+\.(\d+)\./.exec(model.latestVersion ?? '')?.[1] ?? -1),
      sortFn: byNumber,
      cell: ({ row }) => <Value>{row.original.model.latestVersion ?? NO_DATA}</Value>,
    },
    {
      id: 'versions',
      accessorFn: ({ model }) => model.deployments.totalCount,
      sortFn: byNumber,
      cell: ({ row }) => <Value>{String(row.original.model.deployments.totalCount)}</Value>,
    },
    {
      id: 'active',
      accessorFn: ({ active }) => active,
      sortUndefined: 'last',
      sortFn: byNumber,
      cell: ({ row }) => <Value>{String(row.original.active ?? NO_DATA)}</Value>,
    },
    {
      id: 'requestsPerSecond',
      accessorFn: (row) => row.requestsPerSecond,
      sortUndefined: 'last',
      sortFn: byNumber,
      cell: ({ row }) => <RateCell id={modelKey(row.original.model.name)} active={(row.original.active ?? 0) > 0} />,
    },
    {
      id: 'errorRate',
      accessorFn: (row) => row.errorRate,
      sortUndefined: 'last',
      sortFn: byNumber,
      cell: ({ row }) => <ErrorCell id={modelKey(row.original.model.name)} active={(row.original.active ?? 0) > 0} />,
    },
  ]
}

const COLUMNS = columnsFor(false)
const PHONE_COLUMNS = columnsFor(true)

function NameCell({ model, phone }: { model: ModelsTable_ModelFragment; phone: boolean }) {
  const { name, latestVersion } = model
  return (
    <RowName
      link={
        <Link to="/models/$name" params={{ name }} title={name} {...ROW_LINK}>
          {name}
        </Link>
      }
      below={phone && <span translate="no">{latestVersion ?? 'not deployed yet'}</span>}
    />
  )
}
