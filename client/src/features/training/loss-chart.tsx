import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { type ChartSource, TimeChart } from '../../charts/time-chart.tsx'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import { createStore, useStore } from '../../ui/external-store.ts'
import { anySize, percent } from '../../ui/format.ts'
import { LogChoice } from '../../ui/log-choice.tsx'
import { LossSteps } from './loss-steps.ts'

const LossChartFragment = graphql(`
  fragment LossChart_step on TrainingStep {
    step
    loss
    accuracy
  }
`)

const LINES = [{ label: 'loss', colour: 'series' }] as const

interface LossChartProps {
  steps: readonly FragmentType<typeof LossChartFragment>[]
  /** The steps of the newest messages, if the job is running. */
  live: readonly FragmentType<typeof LossChartFragment>[] | undefined
  log: boolean
  onLog: (log: boolean) => void
}

/** Loss by training step. The curve grows while the job is running. */
export function LossChart({ steps, live, log, onLog }: LossChartProps) {
  const curve = useMemo(() => new LossSteps(), [])
  const cursor = useMemo(() => createStore<number | null>(null), [])
  useEffect(() => curve.add(readFragment(LossChartFragment, steps)), [curve, steps])
  useEffect(() => {
    if (live) curve.add(readFragment(LossChartFragment, live))
  }, [curve, live])
  const source = useMemo(
    (): ChartSource => ({
      read: () => [{ times: curve.steps(), values: [curve.losses()], stepSeconds: Infinity }],
      range: () => curve.range(),
      marks: () => [],
      subscribe: curve.subscribe,
    }),
    [curve],
  )
  const at = useStore(cursor)
  const shown = useSyncExternalStore(curve.subscribe, () => curve.at(at ?? Infinity))
  const isPositive = useSyncExternalStore(curve.subscribe, () => curve.isPositive())
  return (
    <section aria-labelledby="curve" className="min-w-0">
      <div className="mb-2 flex items-center justify-between gap-4">
        <h2 id="curve" className="font-medium">
          Loss
        </h2>
        <LogChoice log={log} onLog={onLog} impossible={isPositive ? '' : 'Not all losses are above 0'} />
      </div>
      <div className="rounded-lg border border-line bg-surface p-3 sm:p-4">
        <p className="flex h-5 gap-4 text-xs whitespace-nowrap text-muted">
          {shown ? (
            <>
              <Value name="Step">{String(shown.step)}</Value>
              <Value name="Loss">{anySize(shown.loss)}</Value>
              {shown.accuracy != null && <Value name="Accuracy">{`${percent(shown.accuracy)} %`}</Value>}
            </>
          ) : (
            'No steps have been reported yet'
          )}
        </p>
        <TimeChart
          source={source}
          series={LINES}
          format={anySize}
          least={0}
          log={log && isPositive}
          height={260}
          syncKey="loss"
          label="Loss by training step"
          cursor={cursor}
          time={false}
        />
      </div>
    </section>
  )
}

function Value({ name, children }: { name: string; children: string }) {
  return (
    <span>
      {name}{' '}
      <span translate="no" className="text-text">
        {children}
      </span>
    </span>
  )
}
