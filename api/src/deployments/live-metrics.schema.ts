import { RefusedError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'
import { fromMemory } from '../graphql/connections.ts'
import { OVER_COST } from '../graphql/cost.ts'
import { encodeId, uuidOf } from '../graphql/ids.ts'
import { OF_POSITION } from '../graphql/of-position.ts'
import type { FleetUpdate } from '../live/fleet.ts'
import type { SampleUpdate } from '../live/sample-logs.ts'
import { InferenceMetricsType } from '../samples/metrics.schema.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import { DeploymentType, deploymentFilter, filterArg } from './deployment.schema.ts'
import type { DeploymentWithNames } from './deployment-filter.ts'
import { checkOver, checkResolution, inMs, OVER, RESOLUTION } from './live-arguments.ts'

const InferenceMetricsUpdateType = builder.objectRef<SampleUpdate>('InferenceMetricsUpdate').implement({
  extensions: OF_POSITION,
  description: 'One sample of the log, or a window of several with `resolution`, and where to resume after it.',
  fields: (t) => ({
    cursor: t.field({
      type: 'SampleCursor',
      description:
        'The position of this sample, or of the last sample of the window. Pass it as `after` to resume right after it.',
      resolve: ({ deploymentId, sample }, _args, { services }) => services.cursors.sample(deploymentId, sample),
    }),
    skipped: t.exposeInt('skipped', {
      description:
        'The number of samples that were missed right before this one or in this window, because the subscriber fell too far behind or resumed too late. It is normally 0.',
    }),
    metrics: t.field({
      type: InferenceMetricsType,
      description:
        'The metrics of the sample; with `over` those of the seconds before its end, with `resolution` those of the window.',
      resolve: ({ metrics }) => metrics(),
    }),
  }),
})

builder.prismaObjectField(DeploymentType, 'cursor', (t) =>
  t.field({
    type: 'SampleCursor',
    description: `The current end of the log of samples, also when there are none. Pass it to the subscription \`inferenceMetrics\` as \`after\`: it begins with the next sample, and a subscriber that is cut before it arrives still knows where to resume.

Example:
\`deployment(id: "RGVwbG95bWVudDo…") { cursor latestMetrics { at } }\``,
    resolve: async ({ id, key }, _args, { services, loaders }) =>
      services.cursors.sample(id, await loaders.sampleHead.load(key)),
  }),
)

builder.subscriptionField('inferenceMetrics', (t) =>
  t.field({
    scope: 'READ',
    cost: OVER_COST,
    type: InferenceMetricsUpdateType,
    description: `Follows the log of the samples of one deployment. The subscription begins right after the cursor \`after\`, or with the newest stored sample when it is left out, and continues live. Samples come in order, each at most once; \`skipped\` counts those that were left out. With \`over\`, each comes with the metrics of the seconds before its end instead of its own. With \`resolution\`, samples come merged into windows, each once it is closed: every window whose last sample lies after the cursor, whole. A window closes with the first sample past it, or when none came for two intervals after its end; if one comes late, the window is sent again, whole, with the same \`at\`, and replaces what was sent. A \`resolution\` below the length of the samples is refused as \`BAD_USER_INPUT\`. The subscription completes when the deployment is deleted. An unknown deployment is refused as \`NOT_FOUND\`, and a cursor that does not belong to its log as \`CURSOR_INVALID\`; the subscription ends with the same code when the database is restored to an earlier state.

Example:
\`inferenceMetrics(deploymentId: "RGVwbG95bWVudDo…", over: 60) { cursor skipped metrics { requestsPerSecond } }\``,
    args: {
      deploymentId: t.arg.id({ required: true, description: 'The deployment to follow.' }),
      after: t.arg({ type: 'SampleCursor', description: 'The subscription resumes right after this cursor.' }),
      over: t.arg.int({ description: OVER }),
      resolution: t.arg.int({ description: RESOLUTION }),
    },
    subscribe: async (_root, { deploymentId, after, over, resolution }, { services, lastEventId }) => {
      checkOver(over)
      checkResolution(resolution)
      if (over != null && resolution != null) {
        throw new RefusedError('BAD_USER_INPUT', 'over and resolution cannot be given together.')
      }
      const view = { overMs: inMs(over), windowMs: inMs(resolution) }
      const id = uuidOf('Deployment', deploymentId)
      // From memory where possible: when a thousand subscribers come back at once, none of them queries the database.
      const deployment = services.activeDeployments.byId(id) ?? (await services.deployments.byId(id))
      const source = deployment && (await services.sampleLogs.follow(deployment, lastEventId ?? after, view))
      if (!source) throw new RefusedError('NOT_FOUND', 'There is no deployment with this id.')
      return source
    },
    resolve: (update) => update,
  }),
)

const DeploymentMetricsType = builder
  .objectRef<{ deployment: DeploymentWithNames; metrics: MetricsSummary }>('DeploymentMetrics')
  .implement({
    extensions: OF_POSITION,
    description: 'One deployment and its metrics in a message of the fleet.',
    fields: (t) => ({
      deploymentId: t.id({
        description: 'The id of the deployment.',
        resolve: ({ deployment }) => encodeId('Deployment', deployment.id),
      }),
      deployment: t.field({
        type: DeploymentType,
        nullable: true,
        description: 'The deployment, from memory; null when it was just deleted.',
        resolve: ({ deployment }) => deployment,
      }),
      metrics: t.field({
        type: InferenceMetricsType,
        description: 'The newest sample of the deployment, or with `over` the metrics of the seconds before its end.',
        resolve: ({ metrics }) => metrics,
      }),
    }),
  })

const FleetMetricsUpdateType = builder.objectRef<FleetUpdate<DeploymentWithNames>>('FleetMetricsUpdate').implement({
  extensions: OF_POSITION,
  description: 'The current metrics of all active deployments that match the filter.',
  fields: (t) => ({
    at: t.field({
      type: 'DateTime',
      description: 'The start of the newest window, or with `over` of the seconds before its end.',
      resolve: ({ atMs }) => new Date(atMs),
    }),
    totals: t.field({
      type: InferenceMetricsType,
      description:
        'The metrics of those that have reported, together: the percentiles are computed from their merged latencies, and the rates are the sums of theirs.',
      resolve: ({ totals }) => totals,
    }),
    deployments: t.field({
      type: [DeploymentMetricsType],
      description: 'The deployments that have reported, by model name and then newest version first.',
      resolve: ({ deployments }, _args, context, info) => {
        fromMemory(context, info, ['deployment'])
        return deployments
      },
    }),
    reported: t.exposeInt('reported', {
      description:
        'The number of deployments that have reported: whose newest sample is younger than two of their intervals.',
    }),
    expected: t.exposeInt('expected', { description: 'The number of active deployments that match the filter.' }),
  }),
})

builder.subscriptionField('fleetMetrics', (t) =>
  t.field({
    scope: 'READ',
    cost: { ...OVER_COST, perActiveDeployment: true },
    type: FleetMetricsUpdateType,
    description: `Follows the current metrics of all active deployments that match a filter, with their totals: one message per window. With \`over\`, the metrics of each are those of the seconds before the end of its newest sample, and the totals are those metrics merged. A slow subscriber skips to the newest window, and nothing is replayed.

Example:
\`fleetMetrics(filter: { model: "team/model" }, over: 60) { at totals { requestsPerSecond } }\``,
    args: { filter: t.arg(filterArg), over: t.arg.int({ description: OVER }) },
    subscribe: (_root, { filter, over }, { services }) => {
      checkOver(over)
      return services.fleet.watch(deploymentFilter(filter), inMs(over))
    },
    resolve: (update) => update,
  }),
)
