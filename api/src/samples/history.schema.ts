import type { GraphQLResolveInfo } from 'graphql'
import { askedFields } from '../graphql/asked-fields.ts'
import { builder } from '../graphql/builder.ts'
import { type CostArguments, type CostFacts, curvePoints, type FieldCost } from '../graphql/cost.ts'
import type { DeploymentHistory, History, HistoryRange } from './history.ts'
import { declaredColumns } from '../graphql/selected-columns.ts'
import { resolutionFor } from './history-resolution.ts'
import { partWith } from './merged-window-columns.ts'
import { InferenceMetricsType } from './metrics.schema.ts'

const DEFAULT_POINTS = 300

// What every history is asked by.
export const fromArg = { type: 'DateTime', required: true, description: 'The start of the history.' } as const
export const toArg = {
  type: 'DateTime',
  description: 'The end of the history; the current time when it is left out.',
} as const
export const maxPointsArg = {
  defaultValue: DEFAULT_POINTS,
  description: 'The largest number of windows to return: 1 to 2,000.',
} as const

/** What a history is asked by, for a service. */
export function historyRange(
  args: { from: Date; to?: Date | null | undefined; maxPoints?: number | null | undefined },
  info: GraphQLResolveInfo,
): HistoryRange {
  const { from, to, maxPoints } = args
  const asked = askedFields(info, ['InferenceMetrics', 'InferenceMetricsHistory'])
  const reads = [...(asked.get('InferenceMetrics') ?? [])].map(declaredColumns)
  return {
    fromMs: from.getTime(),
    toMs: to?.getTime(),
    maxPoints: maxPoints ?? DEFAULT_POINTS,
    part: reads.every((columns) => columns !== undefined) ? partWith(new Set(reads.flat())) : 'all',
    withEnd: [...(asked.get('InferenceMetricsHistory') ?? [])].some(({ name }) => name === 'endCursor'),
  }
}

/** Windows that are merged hold more latencies than samples do. */
const SAMPLES_PER_POINT = 30
const WINDOWS_PER_POINT = 10
const SAMPLE_MS = 1000
/** Few windows are left of what is older. */
const KEPT_MS = 2 * 365 * 86_400_000

/**
 * A history costs by its points, and by the stored windows that they are merged from: as many as there are of samples of
 * a second, as far back as all are kept. Without `to` it reaches until now.
 */
function historyPoints({ from, to, maxPoints }: CostArguments, { nowMs }: CostFacts, deployments = 1): number {
  const points = curvePoints({ maxPoints })
  if (!(from instanceof Date) || typeof maxPoints !== 'number' || maxPoints < 1) return points
  const range = {
    fromMs: from.getTime(),
    toMs: to instanceof Date ? to.getTime() : nowMs,
    maxPoints: Math.floor(maxPoints),
  }
  const { rows, storedMs } = resolutionFor(range, {
    intervalMs: SAMPLE_MS,
    recorded: { fromMs: nowMs - KEPT_MS, toMs: nowMs },
    seriesAt: () => deployments,
  })
  return points + Math.ceil(rows / (storedMs === SAMPLE_MS ? SAMPLES_PER_POINT : WINDOWS_PER_POINT))
}

function isOneSeries(filter: unknown): boolean {
  return Object.entries(filter ?? {}).every(([name, value]) => name === 'model' || value === null)
}

export const HISTORY_COST: FieldCost = {
  args: ['maxPoints', 'from', 'to'],
  points: (args, facts) => historyPoints(args, facts),
  multiplier: () => 1,
  growsWithTime: true,
}

/** With a filter by more than the model, the windows of each active deployment may be read. */
export const FLEET_HISTORY_COST: FieldCost = {
  ...HISTORY_COST,
  args: ['maxPoints', 'from', 'to', 'filter'],
  points: (args, facts) => historyPoints(args, facts, isOneSeries(args['filter']) ? 1 : facts.activeDeployments),
}

/** A history, and the deployment that its end belongs to; null for several. */
type HistoryOf = (DeploymentHistory & { deploymentId: string }) | (History & { deploymentId: null })

export const InferenceMetricsHistoryType = builder.objectRef<HistoryOf>('InferenceMetricsHistory').implement({
  description: 'The history of metrics, merged into windows of equal length.',
  fields: (t) => ({
    from: t.field({
      type: 'DateTime',
      description:
        'The start of the range: the requested time, rounded down to windows that are stored: those that are recorded, as long as they are kept, and longer ones further back.',
      resolve: ({ fromMs }) => new Date(fromMs),
    }),
    to: t.field({
      type: 'DateTime',
      description:
        'The end of the range: the requested time, rounded up as `from` is rounded down. Of many deployments it may lie a little before now: until then everything is merged.',
      resolve: ({ toMs }) => new Date(toMs),
    }),
    resolutionSeconds: t.float({
      description:
        'The length of each window, in seconds: the shortest readable one with which `maxPoints` windows cover the range, merged from stored windows that are kept for that long. For several deployments it may be longer, so that not too many stored windows are read.',
      resolve: ({ resolutionMs }) => resolutionMs / 1000,
    }),
    points: t.field({
      type: [InferenceMetricsType],
      description:
        'The windows, oldest first. Windows without any recording are absent. The first and the last may reach beyond the range: they hold only what lies within it, as their `coveredSeconds` say.',
      resolve: ({ points }) => points,
    }),
    summary: t.field({
      type: InferenceMetricsType,
      description: 'The metrics of the range from `from` to `to` as one window.',
      resolve: ({ summary }) => summary,
    }),
    endCursor: t.field({
      type: 'SampleCursor',
      nullable: true,
      description:
        'The cursor of the last sample of the history. Pass it to the subscription `inferenceMetrics` as `after` to continue live without a gap. Null for a history of several deployments.',
      resolve: (history, _args, { services }) =>
        history.deploymentId === null
          ? null
          : services.cursors.sample(history.deploymentId, history.endSample ?? history.endSequence),
    }),
  }),
})
