import {
  type Cell,
  type ColumnDef,
  columnVisibilityFeature,
  createSortedRowModel,
  FlexRender,
  type Row as TanStackRow,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import {
  memo,
  type MouseEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { cx } from './class-names.ts'
import type { ColumnWidths } from './fitting-columns.ts'
import { useKeys } from './keyboard.ts'

const features = tableFeatures({ rowSortingFeature, columnVisibilityFeature, sortedRowModel: createSortedRowModel() })
export type Column<Row extends object> = ColumnDef<typeof features, Row>

/** How a column is laid out; its content comes from its `Column`. */
export interface ColumnLayout extends ColumnWidths {
  title: string
  align?: 'right'
  /** The first click sorts in descending order, because people look for the largest figures. */
  largestFirst?: boolean
  sortable?: boolean
}

interface DataTableProps<Row extends { id: string }> {
  label: string
  rows: readonly Row[]
  columns: Column<Row>[]
  layout: Record<string, ColumnLayout>
  /** Ids of the visible columns, in order. */
  shown: readonly string[]
  rowHeight: number
  sort: { column: string; descending: boolean } | undefined
  onSort: (column: string, descending: boolean) => void
  onOpen: (row: Row) => void
  /** The row to scroll to when it appears, and to highlight. */
  marked?: string | undefined
  /** What there is to know about the order. Stays in sight with the header. */
  note?: string | undefined
  empty: ReactNode
}

/** With more rows than this, only the visible ones are in the document. */
const VIRTUAL_FROM = 100

/**
 * A table with fixed column widths and row heights, so that a figure that changes never moves another. In each row, `j`
 * and `k` focus the first element with `data-row-link`, and `Enter` opens it.
 */
export function DataTable<Row extends { id: string }>(props: DataTableProps<Row>) {
  const { rows, columns, layout, shown, rowHeight, sort, onSort, onOpen, marked, note } = props
  const data = useMemo(() => [...rows], [rows])
  const state = useMemo(
    () => ({
      sorting: sort ? [{ id: sort.column, desc: sort.descending }] : [],
      columnVisibility: Object.fromEntries(Object.keys(layout).map((id) => [id, shown.includes(id)])),
    }),
    [sort, layout, shown],
  )
  const table = useTable({ features, columns, data, state, getRowId: (row) => row.id })
  const sorted = table.getRowModel().rows

  const body = useRef<HTMLTableSectionElement>(null)
  const [margin, setMargin] = useState(0)
  const hasNote = note !== undefined
  useLayoutEffect(() => {
    const top = body.current ? body.current.getBoundingClientRect().top + scrollY : 0
    setMargin((before) => (Math.abs(before - top) > 1 ? top : before))
  }, [sorted.length, hasNote])
  const virtual = sorted.length > VIRTUAL_FROM
  const virtualizer = useWindowVirtualizer({
    count: sorted.length,
    estimateSize: () => rowHeight,
    overscan: 8,
    // During a fast scroll, a row that appears one frame late is better than a scroll that stalls.
    useFlushSync: false,
    scrollMargin: margin,
    enabled: virtual,
  })
  const items = virtualizer.getVirtualItems()
  const first = virtual ? (items[0]?.index ?? 0) : 0
  const last = virtual ? (items.at(-1)?.index ?? -1) : sorted.length - 1
  const inSight = sorted.slice(first, last + 1)

  const scrollTo = useCallback(
    (index: number) => {
      const top = margin + index * rowHeight
      // The sticky header and the phone's bottom bar cover the edges.
      if (top < scrollY + 40) scrollTo_(top - 40)
      else if (top + rowHeight > scrollY + innerHeight - 64) scrollTo_(top + rowHeight - innerHeight + 64)
    },
    [margin, rowHeight],
  )

  const markedIndex = marked === undefined ? -1 : sorted.findIndex((row) => row.id === marked)
  const isThere = markedIndex >= 0
  const latestIndex = useRef(markedIndex)
  useEffect(() => {
    latestIndex.current = markedIndex
  })
  useEffect(() => {
    if (isThere) scrollTo(latestIndex.current)
  }, [isThere, marked, scrollTo])

  const move = (step: 1 | -1) => {
    const current = document.activeElement?.closest('tr[data-index]')?.getAttribute('data-index')
    const next = current === null || current === undefined ? first : Number(current) + step
    if (next < 0 || next >= sorted.length) return
    scrollTo(next)
    // A virtual row is in the document only once the scroll has been painted.
    const focus = (tries: number) => {
      const link = body.current?.querySelector<HTMLElement>(`tr[data-index="${next}"] [data-row-link]`)
      if (link) link.focus({ preventScroll: true })
      else if (tries > 0) requestAnimationFrame(() => focus(tries - 1))
    }
    focus(3)
  }
  useKeys({ j: () => move(1), k: () => move(-1) })

  return (
    <table
      aria-label={props.label}
      aria-rowcount={sorted.length + 1}
      className={cx('w-full table-fixed border-collapse text-left')}
    >
      <colgroup>
        {shown.map((id) => (
          <col key={id} {...(layout[id]?.width ? { style: { width: layout[id].width } } : {})} />
        ))}
      </colgroup>
      <thead className="sticky top-0 z-10 bg-ground">
        <tr aria-rowindex={1} className="h-8">
          {shown.map((id) => (
            <HeadCell key={id} id={id} layout={layout[id]} sort={sort} onSort={onSort} />
          ))}
        </tr>
        {hasNote && (
          <tr>
            <td colSpan={shown.length} className="h-5 px-2 text-2xs text-muted">
              <span role="status">{note}</span>
            </td>
          </tr>
        )}
      </thead>
      <tbody ref={body}>
        {virtual && first > 0 && <Spacer height={first * rowHeight} span={shown.length} />}
        {inSight.map((row, offset) => (
          <TableRow
            key={row.id}
            row={row}
            cells={row.getVisibleCells()}
            index={first + offset}
            height={rowHeight}
            marked={row.id === marked}
            layout={layout}
            onOpen={onOpen}
          />
        ))}
        {virtual && last < sorted.length - 1 && (
          <Spacer height={(sorted.length - 1 - last) * rowHeight} span={shown.length} />
        )}
        {sorted.length === 0 && (
          <tr>
            <td colSpan={shown.length} className="border-t border-line">
              {props.empty}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  )
}

interface TableRowProps<Row extends object> {
  row: TanStackRow<typeof features, Row>
  cells: readonly Cell<typeof features, Row>[]
  index: number
  height: number
  marked: boolean
  layout: Record<string, ColumnLayout>
  onOpen: (row: Row) => void
}

/** Renders again only when its own row changes, not when other rows scroll into view. */
const TableRow = memo(function TableRow<Row extends object>(props: TableRowProps<Row>) {
  const { row, cells, index, layout, onOpen } = props
  const open = (event: MouseEvent) => {
    const { target, currentTarget } = event
    // What is pressed in a dialog of a row also arrives here, although it is elsewhere in the document.
    if (!(target instanceof Element) || !currentTarget.contains(target) || target.closest('a,button,input,label'))
      return
    if (getSelection()?.toString()) return
    onOpen(row.original)
  }
  return (
    <tr
      data-index={index}
      data-id={row.id}
      aria-rowindex={index + 2}
      onClick={open}
      style={{ height: props.height }}
      className={cx(
        // No transition: while one scrolls, every row that passes under the pointer would fade in and out.
        'cursor-pointer border-t border-line focus-within:bg-hover hover:bg-hover',
        props.marked && 'animate-mark bg-mark',
      )}
    >
      {cells.map((cell) => (
        <td
          key={cell.id}
          className={cx('relative truncate px-2', layout[cell.column.id]?.align === 'right' && 'text-right')}
        >
          <FlexRender cell={cell} />
        </td>
      ))}
    </tr>
  )
}) as <Row extends object>(props: TableRowProps<Row>) => ReactNode

function scrollTo_(top: number): void {
  scrollTo({ top: Math.max(0, top) })
}

function Spacer({ height, span }: { height: number; span: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={span} style={{ height, padding: 0 }} />
    </tr>
  )
}

interface HeadCellProps {
  id: string
  layout: ColumnLayout | undefined
  sort: { column: string; descending: boolean } | undefined
  onSort: (column: string, descending: boolean) => void
}

function HeadCell({ id, layout, sort, onSort }: HeadCellProps) {
  const right = layout?.align === 'right'
  const direction = sort?.column === id ? (sort.descending ? 'descending' : 'ascending') : undefined
  const className = cx('px-2 text-xs font-medium text-muted shadow-[inset_0_-1px_0_var(--line)]', right && 'text-right')
  if (layout?.sortable === false) {
    return (
      <th scope="col" className={className}>
        {layout.title}
      </th>
    )
  }
  const descending = direction ? direction === 'ascending' : (layout?.largestFirst ?? false)
  return (
    <th scope="col" aria-sort={direction} className={className}>
      <button
        type="button"
        onClick={() => onSort(id, descending)}
        className={cx(
          'flex h-8 w-full items-center gap-0.5 hover:text-text',
          right && 'flex-row-reverse',
          direction && 'text-text',
        )}
      >
        <span className="whitespace-nowrap">{layout?.title}</span>
        <span aria-hidden="true" className="w-2.5 text-center text-2xs">
          {direction ? (direction === 'descending' ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  )
}
