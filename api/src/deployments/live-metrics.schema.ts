import { RefusedError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'
import { fromMemory } from '../graphql/connections.ts'
import { encodeId, uuidOf } from '../graphql/ids.ts'
import type { FleetUpdate } from '../live/fleet.ts'
import type { SampleUpdate } from '../live/sample-logs.ts'
import type { Sample } from '../metrics/sample.ts'
import { InferenceMetricsType } from '../samples/metrics.schema.ts'
import { summaryOf } from '../metrics/metrics-summary.ts'
import { DeploymentType, deploymentFilter, filterArg } from './deployment.schema.ts'
import type { DeploymentWithNames } from './deployment-filter.ts'

const InferenceMetricsUpdateType = builder.objectRef<SampleUpdate>('InferenceMetricsUpdate').implement({
  description: 'One sample of the log.',
  fields: (t) => ({
    cursor: t.field({
      type: 'SampleCursor',
      description: 'Where to resume: pass it as `after`.',
      resolve: ({ deploymentId, sample }, _args, { services }) =>
        services.cursors.sample(deploymentId, sample.sequence),
    }),
    skipped: t.exposeInt('skipped', {
      description:
        'Samples missed right before this one because this subscriber fell too far behind or resumed too late. Normally 0.',
    }),
    metrics: t.field({
      type: InferenceMetricsType,
      description: 'The sample.',
      resolve: ({ sample }) => summaryOf(sample),
    }),
  }),
})

builder.subscriptionField('inferenceMetrics', (t) =>
  t.field({
    scope: 'READ',
    type: InferenceMetricsUpdateType,
    description:
      'A log: the samples of one deployment. Begins with the newest stored sample, or right after `after`, and goes on live: in order, none twice, none left out unless `skipped` says so. Completes when the deployment is deleted. Like `inferenceMetrics(deploymentId: "RGVwbG95bWVudDo…") { cursor skipped metrics { at requestsPerSecond } }`.',
    args: {
      deploymentId: t.arg.id({ required: true, description: 'Which deployment.' }),
      after: t.arg({ type: 'SampleCursor', description: 'Resume right after this cursor.' }),
    },
    subscribe: async (_root, { deploymentId, after }, { services }) => {
      const id = uuidOf('Deployment', deploymentId)
      // From memory where it can be: of a thousand who come back at once, none asks the database.
      const deployment = services.activeDeployments.byId(id) ?? (await services.deployments.byId(id))
      const source = deployment && (await services.sampleLogs.follow(deployment, after))
      if (!source) throw new RefusedError('NOT_FOUND', 'There is no deployment with this id.')
      return source
    },
    resolve: (update) => update,
  }),
)

const DeploymentMetricsType = builder
  .objectRef<{ deployment: DeploymentWithNames; sample: Sample }>('DeploymentMetrics')
  .implement({
    description: "One deployment's part of a fleet message.",
    fields: (t) => ({
      deploymentId: t.id({
        description: 'Which deployment.',
        resolve: ({ deployment }) => encodeId('Deployment', deployment.id),
      }),
      deployment: t.field({
        type: DeploymentType,
        nullable: true,
        description: 'From memory; null when it was just deleted.',
        resolve: ({ deployment }) => deployment,
      }),
      metrics: t.field({
        type: InferenceMetricsType,
        description: 'Its sample.',
        resolve: ({ sample }) => summaryOf(sample),
      }),
    }),
  })

const FleetMetricsUpdateType = builder.objectRef<FleetUpdate<DeploymentWithNames>>('FleetMetricsUpdate').implement({
  description: 'One window of the deployments of a filter.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', description: 'Start of the window.', resolve: ({ atMs }) => new Date(atMs) }),
    totals: t.field({
      type: InferenceMetricsType,
      description: 'All of them together; percentiles come from their merged latencies.',
      resolve: ({ totals }) => totals,
    }),
    deployments: t.field({
      type: [DeploymentMetricsType],
      description: 'Each deployment that has reported, by model, newest version first.',
      resolve: ({ deployments }, _args, context, info) => {
        fromMemory(context, info, ['deployment'])
        return deployments
      },
    }),
    reported: t.exposeInt('reported', { description: 'How many deployments have reported this window.' }),
    expected: t.exposeInt('expected', { description: 'How many active deployments the filter matches.' }),
  }),
})

builder.subscriptionField('fleetMetrics', (t) =>
  t.field({
    scope: 'READ',
    cost: { perActiveDeployment: true },
    type: FleetMetricsUpdateType,
    description:
      'State: one message per window for the active deployments of a filter, with their totals. The newest wins; nothing is replayed. Like `fleetMetrics(filter: { model: "team/model" }) { at totals { requestsPerSecond } }`.',
    args: { filter: t.arg(filterArg) },
    subscribe: (_root, { filter }, { services }) => services.fleet.watch(deploymentFilter(filter)),
    resolve: (update) => update,
  }),
)
