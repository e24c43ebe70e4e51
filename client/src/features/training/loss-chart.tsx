import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { type ChartSource, TimeChart } from '../../charts/time-chart.tsx'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import { createStore, useStore } from '../../ui/external-store.ts'
import { significant } from '../../ui/format.ts'
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
}

/** Loss by training step. The curve grows while the job is running. */
export function LossChart({ steps, live }: LossChartProps) {
  const curve = useMemo(() => new LossSteps(), [])
  const cursor = useMemo(() => createStore<number | null>(null), [])
  useEffect(() => curve.add(readFragment(LossChartFragment, steps)), [curve, steps])
  useEffect(() => {
    if (live) curve.add(readFragment(LossChartFragment, live))
  }, [curve, live])
  const source = useMemo(
    (): ChartSource => ({
      read: () => ({ times: curve.steps(), values: [curve.losses()], stepSeconds: Infinity }),
      range: () => curve.range(),
      marks: () => [],
      subscribe: curve.subscribe,
    }),
    [curve],
  )
  const at = useStore(cursor)
  const shown = useSyncExternalStore(curve.subscribe, () => curve.at(at ?? Infinity))
  return (
    <>
      <p className="flex h-5 gap-4 text-xs text-muted">
        {shown ? (
          <>
            <span>
              Step <span className="text-text">{shown.step}</span>
            </span>
            <span>
              Loss <span className="text-text">{significant(shown.loss)}</span>
            </span>
            {shown.accuracy != null && (
              <span>
                Accuracy <span className="text-text">{(shown.accuracy * 100).toFixed(1)} %</span>
              </span>
            )}
          </>
        ) : (
          'No steps have been reported yet'
        )}
      </p>
      <TimeChart
        source={source}
        series={LINES}
        format={significant}
        least={0.01}
        height={260}
        syncKey="loss"
        label="Loss by training step"
        onCursor={cursor.set}
        time={false}
      />
    </>
  )
}
