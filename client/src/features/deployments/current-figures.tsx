import { type ReactNode, useSyncExternalStore } from 'react'
import type { ColourToken } from '../../charts/colours.ts'
import type { EventSentence_EventFragment } from '../../graphql/gql/graphql.ts'
import { eachFigure, type Figure, FIGURES, type Figures } from '../../live/sample.ts'
import { useLateness } from '../../live/use-track.ts'
import { cx } from '../../ui/class-names.ts'
import { type ExternalStore, useStore } from '../../ui/external-store.ts'
import { amount, errorLevel, latency, moment, NO_DATA, percent, type Quantity, timeOfDay } from '../../ui/format.ts'
import type { DeploymentSeries } from './deployment-series.ts'
import { eventWords } from './event-sentence.tsx'

/** The colours of figures that share a chart. */
export const LINE_COLOURS: Partial<Record<Figure, ColourToken>> = {
  p50Ms: 'series-weak',
  p95Ms: 'series',
  p99Ms: 'series-strong',
}

interface Heading {
  name: string
  write: (value: number | null) => Quantity
}

const HEADINGS: Record<Figure, Heading> = {
  p50Ms: { name: 'p50', write: latency },
  p95Ms: { name: 'p95', write: latency },
  p99Ms: { name: 'p99', write: latency },
  requestsPerSecond: { name: 'Requests/s', write: (value) => ({ value: amount(value), unit: '' }) },
  errorRate: { name: 'Error rate', write: (value) => ({ value: percent(value), unit: '%' }) },
  tokensPerSecond: { name: 'Tokens/s', write: (value) => ({ value: amount(value), unit: '' }) },
}

interface CurrentFiguresProps {
  series: DeploymentSeries
  /** The time under the crosshair, in seconds. */
  cursor: ExternalStore<number | null>
  active: boolean
  events: readonly EventSentence_EventFragment[]
  range: ReactNode
}

/** The current figures, or those of the moment under the crosshair. They are also the legend of the charts below. */
export function CurrentFigures({ series, cursor, active, events, range }: CurrentFiguresProps) {
  const latest = useSyncExternalStore(series.subscribe, () => series.latest)
  const at = useStore(cursor)
  const late = useLateness(active ? latest : undefined)
  const shown = at === null ? (active ? latest : undefined) : sampleAt(series, at)
  const nearby = at === null ? undefined : eventNear(events, at, series)
  const dimmed = at === null && late !== ''
  const level = errorLevel(shown?.errorRate)
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="flex min-w-0 flex-wrap gap-x-2 text-muted">
          <span className="text-text">{headline(series, at, active, late)}</span>
          <span>{at === null ? sourceWords(series, active) : nearby ? markWords(nearby) : ''}</span>
        </p>
        {range}
      </div>
      <dl className="grid grid-cols-3 overflow-hidden rounded-lg border border-line bg-surface lg:grid-cols-6">
        {FIGURES.map((figure) => {
          const { name, write } = HEADINGS[figure]
          const line = LINE_COLOURS[figure]
          const { value, unit } = write(shown?.[figure] ?? null)
          const alarm = figure === 'errorRate' && level !== 'none' && !dimmed ? level : ''
          return (
            <div key={figure} className="-mt-px -ml-px border-t border-l border-line px-3 py-2.5 sm:px-4">
              <dt className="flex items-center gap-1.5 text-xs whitespace-nowrap text-muted">
                {line && (
                  <span
                    aria-hidden="true"
                    className="h-0.5 w-3 rounded-full"
                    style={{ background: `var(--${line})` }}
                  />
                )}
                {unit ? `${name}, ${unit}` : name}
              </dt>
              <dd
                className={cx(
                  'mt-0.5 flex items-baseline justify-between gap-2 whitespace-nowrap',
                  (dimmed || value === NO_DATA) && 'text-faint',
                  alarm === 'high' && 'text-bad',
                  alarm === 'raised' && 'text-warn',
                )}
              >
                <span translate="no" className="text-xl leading-7 font-medium">
                  {value}
                </span>
                <span className="text-xs">{alarm}</span>
              </dd>
            </div>
          )
        })}
      </dl>
    </div>
  )
}

function headline(series: DeploymentSeries, at: number | null, active: boolean, late: string): string {
  if (at !== null) return timeOfDay(new Date(at * 1000))
  if (!active) return 'Paused: no samples are recorded'
  if (!series.latest) return series.state === 'loading' ? 'Loading' : 'Waiting for the first sample'
  return late ? `${late} old` : 'Now'
}

function markWords(event: EventSentence_EventFragment): string {
  return `${eventWords(event)}, ${moment(new Date(event.at))}`
}

const SOURCES: Record<string, string> = { SIMULATED: 'Simulated samples' }

function sourceWords(series: DeploymentSeries, active: boolean): string {
  const { source, stepSeconds } = series
  if (!active || !source) return ''
  const windows = stepSeconds < 60 ? `${stepSeconds} s` : `${stepSeconds / 60} min`
  return `${SOURCES[source] ?? source}, drawn in ${windows} windows`
}

/** The window under the crosshair; `undefined` where nothing was recorded. */
function sampleAt(series: DeploymentSeries, at: number): Figures | undefined {
  const { times, values, stepSeconds } = series.read(FIGURES)
  let best = -1
  for (let index = times.length - 1; index >= 0; index -= 1) {
    const time = times[index] ?? 0
    if (best === -1 || Math.abs(time - at) < Math.abs((times[best] ?? 0) - at)) best = index
    if (time < at) break
  }
  if (best === -1 || Math.abs((times[best] ?? 0) - at) > stepSeconds * 1.5) return undefined
  return eachFigure((figure) => {
    const found = values[FIGURES.indexOf(figure)]?.[best]
    return found === undefined || Number.isNaN(found) ? null : found
  })
}

/** The event whose mark is near the crosshair: within a hundredth of the range. */
function eventNear(events: readonly EventSentence_EventFragment[], at: number, series: DeploymentSeries) {
  const [from, to] = series.range()
  return events.find((event) => Math.abs(Date.parse(event.at) / 1000 - at) < (to - from) / 100)
}
