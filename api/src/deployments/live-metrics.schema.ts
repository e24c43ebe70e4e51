import { RefusedError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'
import { fromMemory } from '../graphql/connections.ts'
import { encodeId, uuidOf } from '../graphql/ids.ts'
import { OF_POSITION } from '../graphql/of-position.ts'
import type { FleetUpdate } from '../live/fleet.ts'
import type { SampleUpdate } from '../live/sample-logs.ts'
import type { Sample } from '../metrics/sample.ts'
import { InferenceMetricsType } from '../samples/metrics.schema.ts'
import { summaryOf } from '../metrics/metrics-summary.ts'
import { DeploymentType, deploymentFilter, filterArg } from './deployment.schema.ts'
import type { DeploymentWithNames } from './deployment-filter.ts'
import { checkOver, checkResolution, OVER, RESOLUTION } from './live-arguments.ts'

const InferenceMetricsUpdateType = builder.objectRef<SampleUpdate>('InferenceMetricsUpdate').implement({
  extensions: OF_POSITION,
  description: 'One sample of the log, and where to resume after it.',
  fields: (t) => ({
    cursor: t.field({
      type: 'SampleCursor',
      description: 'The position of this sample. Pass it as `after` to resume right after it.',
      resolve: ({ deploymentId, sample }, _args, { services }) => services.cursors.sample(deploymentId, sample),
    }),
    skipped: t.exposeInt('skipped', {
      description:
        'The number of samples that were missed right before this one, because the subscriber fell too far behind or resumed too late. It is normally 0.',
    }),
    metrics: t.field({
      type: InferenceMetricsType,
      description: 'The sample.',
      resolve: ({ sample }) => summaryOf(sample),
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
    type: InferenceMetricsUpdateType,
    description: `Follows the log of the samples of one deployment. The subscription begins right after the cursor \`after\`, or with the newest stored sample when it is left out, and continues live. Samples come in order, each at most once; \`skipped\` counts those that were left out. The subscription completes when the deployment is deleted. An unknown deployment is refused as \`NOT_FOUND\`, and a cursor that does not belong to its log as \`CURSOR_INVALID\`; the subscription ends with the same code when the database is restored to an earlier state.

Example:
\`inferenceMetrics(deploymentId: "RGVwbG95bWVudDo…") { cursor skipped metrics { at requestsPerSecond } }\``,
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
      const id = uuidOf('Deployment', deploymentId)
      // From memory where possible: when a thousand subscribers come back at once, none of them queries the database.
      const deployment = services.activeDeployments.byId(id) ?? (await services.deployments.byId(id))
      const source = deployment && (await services.sampleLogs.follow(deployment, lastEventId ?? after))
      if (!source) throw new RefusedError('NOT_FOUND', 'There is no deployment with this id.')
      return source
    },
    resolve: (update) => update,
  }),
)

const DeploymentMetricsType = builder
  .objectRef<{ deployment: DeploymentWithNames; sample: Sample }>('DeploymentMetrics')
  .implement({
    extensions: OF_POSITION,
    description: 'One deployment and its sample in a message of the fleet.',
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
        description: 'The sample of the deployment.',
        resolve: ({ sample }) => summaryOf(sample),
      }),
    }),
  })

const FleetMetricsUpdateType = builder.objectRef<FleetUpdate<DeploymentWithNames>>('FleetMetricsUpdate').implement({
  extensions: OF_POSITION,
  description: 'The metrics of one window, for all active deployments that match the filter.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', description: 'The start of the window.', resolve: ({ atMs }) => new Date(atMs) }),
    totals: t.field({
      type: InferenceMetricsType,
      description: 'The metrics of all of them together; the percentiles are computed from their merged latencies.',
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
    reported: t.exposeInt('reported', { description: 'The number of deployments that have reported this window.' }),
    expected: t.exposeInt('expected', { description: 'The number of active deployments that match the filter.' }),
  }),
})

builder.subscriptionField('fleetMetrics', (t) =>
  t.field({
    scope: 'READ',
    cost: { perActiveDeployment: true },
    type: FleetMetricsUpdateType,
    description: `Follows the current metrics of all active deployments that match a filter, with their totals: one message per window. A slow subscriber skips to the newest window, and nothing is replayed.

Example:
\`fleetMetrics(filter: { model: "team/model" }) { at totals { requestsPerSecond } }\``,
    args: { filter: t.arg(filterArg), over: t.arg.int({ description: OVER }) },
    subscribe: (_root, { filter, over }, { services }) => {
      checkOver(over)
      return services.fleet.watch(deploymentFilter(filter))
    },
    resolve: (update) => update,
  }),
)
