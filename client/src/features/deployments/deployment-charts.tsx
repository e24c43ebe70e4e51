import { type ReactNode, useEffect, useMemo, useSyncExternalStore } from 'react'
import { latencyUnit } from '../../charts/prepare.ts'
import { type ChartSource, type Mark, TimeChart } from '../../charts/time-chart.tsx'
import { connection, isLost } from '../../graphql/connection.ts'
import type { EventSentence_EventFragment } from '../../graphql/gql/graphql.ts'
import type { Figure } from '../../live/sample.ts'
import { useServices } from '../../services.ts'
import { cx } from '../../ui/class-names.ts'
import { createStore, type ExternalStore, useStore } from '../../ui/external-store.ts'
import { amount, latency, percent, written } from '../../ui/format.ts'
import { LogChoice } from '../../ui/log-choice.tsx'
import { RANGE_SECONDS, RANGE_WORDS, type Range, RANGES } from './deployment-search.ts'
import { DeploymentSeries } from './deployment-series.ts'
import { CurrentFigures, LINE_COLOURS } from './current-figures.tsx'

interface DeploymentChartsProps {
  id: string
  active: boolean
  events: readonly EventSentence_EventFragment[]
  range: Range
  log: boolean
  onRange: (range: Range) => void
  onLog: (log: boolean) => void
}

const LATENCY: readonly Figure[] = ['p50Ms', 'p95Ms', 'p99Ms']
const TRAFFIC: readonly Figure[] = ['requestsPerSecond']
const ERRORS: readonly Figure[] = ['errorRate']
const TOKENS: readonly Figure[] = ['tokensPerSecond']

/** The charts of a deployment, one under the other, with a shared time axis and crosshair. */
export function DeploymentCharts({ id, active, events, range, log, onRange, onLog }: DeploymentChartsProps) {
  const { streams, refresher, samples, fleet } = useServices()
  const series = useMemo(() => {
    const rangeSeconds = RANGE_SECONDS[range]
    return new DeploymentSeries({ id, rangeSeconds, streams, refresher, samples, seed: fleet.track(id) })
  }, [id, range, streams, refresher, samples, fleet])
  useEffect(() => series.start(), [series])
  const cursor = useMemo(() => createStore<number | null>(null), [])
  const marks = useMemo(() => events.map(({ at }) => ({ at: Date.parse(at) / 1000 })), [events])
  const syncKey = `deployment ${id}`
  const lost = isLost(useStore(connection))
  const state = useSyncExternalStore(series.subscribe, () => series.state)

  const shared = { series, marks, cursor, syncKey }
  return (
    <section aria-label="Metrics" className="flex flex-col gap-4">
      <CurrentFigures
        series={series}
        cursor={cursor}
        active={active}
        events={events}
        range={<RangeChoice range={range} onRange={onRange} />}
      />
      {state === 'failed' && (
        <p role="status" className="text-muted">
          The history could not be loaded and will be requested again in a moment. Live samples still appear below.
        </p>
      )}
      <div className={cx('grid gap-y-4 rounded-lg border border-line bg-surface p-3 sm:p-4', lost && 'opacity-60')}>
        <Chart
          {...shared}
          title="Latency"
          figures={LATENCY}
          format={(ms) => written(latency(ms))}
          least={1}
          unitOf={latencyUnit}
          height={240}
          log={log}
          action={<LogChoice log={log} onLog={onLog} />}
        />
        <Chart {...shared} title="Requests/s" figures={TRAFFIC} format={amount} least={1} height={140} />
        <Chart {...shared} title="Errors" figures={ERRORS} format={asPercent} least={0.01} most={1} height={120} />
        <Chart {...shared} title="Tokens/s" figures={TOKENS} format={amount} least={1} height={140} />
      </div>
    </section>
  )
}

interface ChartProps {
  title: string
  figures: readonly Figure[]
  series: DeploymentSeries
  marks: readonly Mark[]
  cursor: ExternalStore<number | null>
  syncKey: string
  format: (value: number) => string
  least: number
  most?: number
  unitOf?: (top: number) => number
  height: number
  log?: boolean
  action?: ReactNode
}

const asPercent = (rate: number) => `${percent(rate)} %`

function Chart(props: ChartProps) {
  const { title, figures, series, marks, cursor, syncKey, format, least, most, unitOf, height, action } = props
  const { log = false } = props
  const source = useMemo(
    (): ChartSource => ({
      read: () => series.read(figures),
      range: () => series.range(),
      marks: () => marks,
      subscribe: series.subscribe,
    }),
    [series, figures, marks],
  )
  const lines = useMemo(
    () => figures.map((figure) => ({ label: figure, colour: LINE_COLOURS[figure] ?? 'series' })),
    [figures],
  )
  const nothing = useSyncExternalStore(series.subscribe, () => whyEmpty(series, figures))
  return (
    <div className="relative">
      <div className="flex h-6 items-center justify-between">
        <h3 className="text-xs font-medium text-muted">{title}</h3>
        {action}
      </div>
      <TimeChart
        source={source}
        series={lines}
        format={format}
        least={least}
        {...(most === undefined ? {} : { most })}
        {...(unitOf ? { unitOf } : {})}
        log={log}
        height={height}
        syncKey={syncKey}
        label={`${title} over time`}
        onCursor={cursor.set}
      />
      {nothing && (
        <p className="pointer-events-none absolute inset-x-0 top-6 bottom-7 grid place-items-center text-muted">
          <span className="bg-surface px-2">{nothing}</span>
        </p>
      )}
    </div>
  )
}

/** Why a chart is empty. Returns an empty text if it is not, or if its samples may still arrive. */
function whyEmpty(series: DeploymentSeries, figures: readonly Figure[]): string {
  if (series.state !== 'ready' || series.has(figures)) return ''
  if (!series.has(TRAFFIC)) return 'Nothing was recorded in this range'
  return figures === TOKENS ? 'No tokens were reported in this range' : 'No requests finished in this range'
}

function RangeChoice({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  return (
    <div role="radiogroup" aria-label="Range" className="flex rounded-md border border-line-strong bg-surface p-0.5">
      {RANGES.map((one) => (
        <label
          key={one}
          className={cx(
            'flex h-6.5 cursor-pointer items-center rounded px-2.5 text-xs whitespace-nowrap',
            'has-focus-visible:outline-2 has-focus-visible:outline-accent',
            one === range ? 'bg-mark font-medium' : 'text-muted hover:text-text',
          )}
        >
          <input type="radio" name="range" className="sr-only" checked={one === range} onChange={() => onRange(one)} />
          {RANGE_WORDS[one]}
        </label>
      ))}
    </div>
  )
}
