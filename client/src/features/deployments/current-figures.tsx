import { type ReactNode, useSyncExternalStore } from 'react'
import { eachFigure, type Figures, type Sample } from '../../live/sample.ts'
import { levelOf } from '../../live/error-alarm.ts'
import { useAlarm, useLateness } from '../../live/use-track.ts'
import { useServices } from '../../services.ts'
import { cx } from '../../ui/class-names.ts'
import { useStore } from '../../ui/external-store.ts'
import { moment, NO_DATA, timeOfDay } from '../../ui/format.ts'
import type { ChartGroup, EventMark } from '../history/chart-group.ts'
import type { Details } from '../history/details.ts'
import { windowWords } from '../history/figures.ts'
import { rangeWords } from '../history/range-picker.tsx'
import { type FigureCell, figureCells, NO_DETAIL, type ReadDetail } from './figure-cells.ts'

interface CurrentFiguresProps {
  group: ChartGroup
  /** The key of the deployment's track. */
  track: string
  /** The last minute, merged. */
  latest: Sample | undefined
  /** Of the last minute too, where they are known. */
  details?: Details | undefined
  active: boolean
  /** Why current figures are old or missing; empty if nothing is wrong. */
  trouble?: string
  range: ReactNode
  /** Why there are no current figures while it is not active. */
  idle?: string
}

/**
 * The figures of the last minute, of the whole range if it has ended, or of the window under the crosshair. They are
 * also the legend of the charts below.
 */
export function CurrentFigures(props: CurrentFiguresProps) {
  const { group, track, latest, details, active, trouble = '', range, idle = 'Paused: no samples are recorded' } = props
  const { feed, cursor } = group
  const at = useStore(cursor)
  useSyncExternalStore(feed.subscribe, () => feed.version)
  const isPast = feed.timeRange.kind === 'fixed'
  const { fleet } = useServices()
  const late = useLateness(fleet, track, active && !isPast ? latest : undefined)
  const ongoing = useAlarm(fleet, track)
  const now = isPast ? feed.summary(0) : active ? latest : undefined
  const shown = at === null ? now : windowAt(group, at)
  const read =
    at === null ? readNow(isPast ? feed.summary(0)?.details : active ? details : undefined) : readAt(group, at)
  const hasTokens =
    details?.figures.has('timeToFirstToken.mean') === true ||
    feed.summary(0)?.details?.figures.has('timeToFirstToken.mean') === true
  const dimmed = at === null && !isPast && (late !== '' || trouble !== '')
  const isNow = at === null && !isPast
  const level = !shown || dimmed ? 'none' : isNow ? ongoing.level : levelOf(shown)
  const since = isNow && level !== 'none' ? ` since ${moment(new Date(ongoing.sinceMs))}` : ''
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="flex min-h-5 min-w-0 flex-1 basis-72 flex-wrap gap-x-2 text-muted">
          <span className="text-text">{headline(group, at, active ? trouble : idle, late, latest)}</span>
          <span>{at === null ? widthWords(group) : markWords(group, at)}</span>
        </p>
        {range}
      </div>
      <dl
        className={cx(
          'grid overflow-hidden rounded-lg border border-line bg-surface',
          // As high with eight figures as with six: which there are is known only after the first window.
          hasTokens ? 'grid-cols-3 sm:grid-cols-4 lg:grid-cols-8' : 'grid-cols-3 lg:grid-cols-6',
        )}
      >
        {figureCells(shown, read, hasTokens).map((cell) => {
          const alarm = cell.key === 'errorRate' && level !== 'none' ? level : ''
          return (
            <Cell
              key={cell.key}
              cell={cell}
              alarm={alarm}
              since={since}
              dimmed={dimmed}
              isMinor={hasTokens && MINOR.has(cell.key)}
            />
          )
        })}
      </dl>
    </div>
  )
}

/** Left out on a phone where there are eight. */
const MINOR = new Set(['tokensPerSecond', 'inFlight'])

interface CellProps {
  cell: FigureCell
  alarm: '' | 'raised' | 'high'
  since: string
  dimmed: boolean
  isMinor: boolean
}

function Cell({ cell: { name, title, quantity, line, note, about }, alarm, since, dimmed, isMinor }: CellProps) {
  const { value, unit } = quantity
  return (
    <div
      tabIndex={about === undefined ? undefined : 0}
      className={cx(
        'group -outline-offset-2 -mt-px -ml-px min-w-0 border-t border-l border-line px-2 py-2.5 sm:px-3 xl:px-4',
        isMinor && 'max-sm:hidden',
      )}
    >
      <dt title={title} className="flex items-center gap-1.5 text-xs whitespace-nowrap text-muted">
        {line && (
          <span aria-hidden="true" className="h-0.5 w-3 rounded-full" style={{ background: `var(--${line})` }} />
        )}
        {unit ? `${name}, ${unit}` : name}
      </dt>
      <dd
        className={cx(
          // On a phone there is no room beside a figure for what it lies between.
          'mt-0.5 flex items-baseline justify-between gap-2 whitespace-nowrap max-sm:flex-col max-sm:items-start max-sm:gap-0',
          (dimmed || value === NO_DATA) && 'text-faint',
          alarm === 'high' && 'text-bad',
          alarm === 'raised' && 'text-warn',
        )}
      >
        <span translate="no" className="text-xl leading-7 font-medium">
          {value}
        </span>
        <span
          title={(alarm ? alarm + since : note) || undefined}
          className={cx(
            'max-w-full truncate text-xs max-sm:min-h-4 max-sm:whitespace-normal max-sm:text-[11px]',
            about !== undefined && 'group-hover:hidden group-focus-visible:hidden',
          )}
        >
          {alarm ? alarm + since : note}
        </span>
        {about !== undefined && (
          <span
            title={note ? `${note}; ${about.long}` : about.long}
            className="sr-only truncate text-xs text-muted group-hover:not-sr-only group-focus-visible:not-sr-only"
          >
            {about.short}
          </span>
        )}
      </dd>
    </div>
  )
}

function readNow(details: Details | undefined): ReadDetail {
  return details ? (name) => details.figures.get(name) ?? Number.NaN : NO_DETAIL
}

function readAt({ feed }: ChartGroup, at: number): ReadDetail {
  const series = feed.series(0)
  const index = series.indexAt(at, feed.stepSeconds)
  return (name) => series.valueAt(name, index)
}

function headline(
  { feed }: ChartGroup,
  at: number | null,
  idle: string,
  late: string,
  latest: Sample | undefined,
): string {
  if (at !== null) return whenWords(at, feed.stepSeconds)
  if (feed.timeRange.kind === 'fixed') return rangeWords(feed.timeRange)
  if (idle) return idle
  if (!latest) return feed.state === 'loading' ? 'Loading' : 'Waiting for the first sample'
  return late ? `${late} old` : 'Now: the last minute'
}

function whenWords(at: number, stepSeconds: number): string {
  const time = new Date(at * 1000)
  if (stepSeconds >= 60) return moment(time)
  const isToday = time.toDateString() === new Date().toDateString()
  return isToday ? timeOfDay(time) : `${moment(time).replace(/\d\d:\d\d$/, '')}${timeOfDay(time)}`
}

function widthWords({ feed }: ChartGroup): string {
  return feed.state === 'ready' ? `Charts in ${windowWords(feed.stepSeconds)} windows` : ''
}

/** The event whose mark is near the crosshair: within a hundredth of the range. */
function markWords({ feed, marks }: ChartGroup, at: number): string {
  const [from, to] = feed.range()
  const near = marks.find((mark: EventMark) => Math.abs(mark.at - at) < (to - from) / 100)
  return near?.words ?? `${windowWords(feed.stepSeconds)} window`
}

/** The window under the crosshair; `undefined` where nothing was recorded. */
function windowAt({ feed }: ChartGroup, at: number): Figures | undefined {
  const series = feed.series(0)
  const index = series.indexAt(at, feed.stepSeconds)
  if (index === -1) return undefined
  return eachFigure((figure) => {
    const found = series.figures[figure][index]
    return found === undefined || Number.isNaN(found) ? null : found
  })
}
