import { builder } from '../graphql/builder.ts'
import { nodesQuery, objectQuery } from '../graphql/connections.ts'
import { OVER_COST } from '../graphql/cost.ts'
import { uuidOf } from '../graphql/ids.ts'
import { READ_ANEW } from '../graphql/of-position.ts'
import { externalIdOf, LABELS_FILTER, LabelInput, LabelType } from '../graphql/labels.schema.ts'
import {
  fromArg,
  HISTORY_COST,
  historyRange,
  InferenceMetricsHistoryType,
  maxPointsArg,
  toArg,
} from '../samples/history.schema.ts'
import { InferenceMetricsType, MetricsSourceEnum } from '../samples/metrics.schema.ts'
import { summaryOf } from '../metrics/metrics-summary.ts'
import { versionOf } from '../models/models.ts'
import { labelsOf, wantedLabels } from '../base/labels.ts'
import { checkSearch } from '../base/text-search.ts'
import { TrainingJobHasDeploymentsError } from '../training/training.errors.ts'
import { OrderDirectionEnum } from '../training/training-job.schema.ts'
import type { DeploymentFilter } from './deployment-filter.ts'
import { checkOver, inMs, OVER } from './live-arguments.ts'

const DeploymentStatusEnum = builder.enumType('DeploymentStatus', {
  description: 'Whether a deployment serves requests.',
  values: {
    ACTIVE: { description: 'The deployment serves requests, and its metrics are recorded.' },
    PAUSED: {
      description:
        'The deployment serves no requests, and no metrics are recorded. Everything recorded so far is kept.',
    },
  },
})

/** The active deployment of a training job: there is at most one. With `take`, all deployments would be sorted. */
export const ACTIVE_ONE = { where: { status: 'ACTIVE' } } as const

export const DeploymentType = builder.prismaNode('Deployment', {
  id: { field: 'id' },
  nullable: true,
  extensions: READ_ANEW,
  description: 'One version of a model, made from one completed training job.',
  fields: (t) => ({
    model: t.relation('model', { description: 'The model that the deployment is a version of.' }),
    trainingJob: t.relation('trainingJob', { description: 'The training job that was deployed.' }),
    version: t.string({
      columns: ['versionNumber'],
      description: `The version, \`v1.N.0\`: N counts the deployments of the model from 0 and is never reused.

Example:
\`v1.3.0\``,
      resolve: ({ versionNumber }) => versionOf(versionNumber),
    }),
    status: t.expose('status', { type: DeploymentStatusEnum, description: 'The status of the deployment.' }),
    note: t.exposeString('note', {
      nullable: true,
      description: 'The note that was given when the job was deployed.',
    }),
    externalId: t.exposeString('externalId', {
      nullable: true,
      description: `${externalIdOf('deployment')} Null when it has none.`,
    }),
    labels: t.field({
      columns: ['labels'],
      type: [LabelType],
      description: 'The labels of the deployment itself, by key. Those of its training job stand on the job.',
      resolve: ({ labels }) => labelsOf(labels),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the training job was deployed.' }),
    createdBy: t.exposeString('createdBy', { description: 'The name of the caller who deployed it.' }),
    statusChangedAt: t.expose('statusChangedAt', {
      type: 'DateTime',
      description: 'Since when the deployment has had its status.',
    }),
    latestMetrics: t.field({
      columns: ['key'],
      cost: OVER_COST,
      type: InferenceMetricsType,
      nullable: true,
      description:
        'The newest sample, or with `over` the metrics of the seconds before its end, merged; null before the first sample, and once retention has removed it.',
      args: { over: t.arg.int({ description: OVER }) },
      resolve: async ({ key }, { over }, { loaders }) => {
        checkOver(over)
        return loaders.latest.load({ deploymentKey: key, overMs: inMs(over) })
      },
    }),
    recentMetrics: t.field({
      columns: ['key'],
      type: [InferenceMetricsType],
      description:
        'The samples of the last two minutes at full resolution, oldest first, at most 240. They are meant for sparklines.',
      resolve: async ({ key }, _args, { loaders }) => (await loaders.recent.load(key)).map(summaryOf),
    }),
    metricsHistory: t.field({
      columns: ['key'],
      cost: HISTORY_COST,
      type: InferenceMetricsHistoryType,
      description:
        'The history of the metrics, merged into at most `maxPoints` windows of equal length. A range in which `from` does not lie before `to` is refused as `BAD_USER_INPUT`.',
      args: { from: t.arg(fromArg), to: t.arg(toArg), maxPoints: t.arg.int(maxPointsArg) },
      resolve: (deployment, args, { services }, info) =>
        services.history.ofDeployment(deployment, historyRange(args, info)),
    }),
    canPause: t.boolean({
      columns: ['status'],
      description: 'Whether the viewer can pause the deployment now.',
      resolve: ({ status }, _args, { viewer }) => status === 'ACTIVE' && viewer.scopes.has('DEPLOY'),
    }),
    canResume: t.boolean({
      columns: ['status', 'trainingJobId'],
      description:
        'Whether the viewer can resume the deployment now: it must be paused, and no other deployment of its training job may be active.',
      resolve: ({ status, trainingJobId }, _args, { viewer, loaders }) =>
        status === 'PAUSED' && viewer.scopes.has('DEPLOY') && loaders.isUndeployed.load(trainingJobId),
    }),
    canDelete: t.boolean({
      columns: ['status'],
      description: 'Whether the viewer can delete the deployment now: it must be paused.',
      resolve: ({ status }, _args, { viewer }) => status === 'PAUSED' && viewer.scopes.has('DEPLOY'),
    }),
  }),
})

const DeploymentConnection = builder.connectionObject(
  { type: DeploymentType, name: 'DeploymentConnection', description: 'A page of deployments.' },
  { name: 'DeploymentEdge', description: 'A deployment and its position in the list.' },
)

const FilterInput = builder.inputType('DeploymentFilter', {
  description: 'Selects deployments. A deployment must meet all conditions that are given.',
  fields: (t) => ({
    status: t.field({ type: [DeploymentStatusEnum], description: 'The deployment has one of these statuses.' }),
    model: t.string({ description: 'The deployment belongs to the model with exactly this name.' }),
    search: t.string({
      description: 'The name of the model or of the training job contains this text, ignoring case.',
    }),
    ids: t.idList({ description: 'The deployment has one of these ids.' }),
    createdBy: t.string({ description: 'The deployment was made by the caller with exactly this name.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'The training job was deployed at this time or later.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'The training job was deployed before this time.' }),
    labels: t.field({ type: [LabelInput], description: LABELS_FILTER }),
    source: t.field({ type: [MetricsSourceEnum], description: 'The deployment has a source of one of these kinds.' }),
  }),
})

type FilterShape = typeof FilterInput.$inferInput

/**
 * The filter as the service takes it.
 * @throws RefusedError BAD_USER_INPUT.
 */
export function deploymentFilter(filter: FilterShape | null | undefined): DeploymentFilter {
  checkSearch(filter?.search)
  return {
    ...filter,
    ids: filter?.ids?.map((id) => uuidOf('Deployment', id)),
    labels: filter?.labels && wantedLabels(filter.labels),
  }
}

export const filterArg = {
  type: FilterInput,
  description: 'Which deployments to include; all when it is left out.',
} as const

const OrderInput = builder.inputType('DeploymentOrder', {
  description: 'The order of deployments.',
  fields: (t) => ({
    field: t.field({
      type: builder.enumType('DeploymentOrderField', {
        description: 'The fields by which deployments can be sorted.',
        values: {
          CREATED_AT: { description: 'The time of the deployment.' },
          STATUS_CHANGED_AT: { description: 'The time of the last change of the status.' },
          MODEL: { description: 'The name of the model, then the version.' },
          VERSION: { description: 'The version, in numeric order.' },
        },
      }),
      required: true,
      description: 'The field to sort by.',
    }),
    direction: t.field({ type: OrderDirectionEnum, required: true, description: 'The direction to sort in.' }),
  }),
})

const CountsType = builder.objectRef<{ active: number; paused: number; total: number }>('DeploymentCounts').implement({
  description: 'The numbers of deployments by status.',
  fields: (t) => ({
    active: t.exposeInt('active', { description: 'The number of active deployments.' }),
    paused: t.exposeInt('paused', { description: 'The number of paused deployments.' }),
    total: t.exposeInt('total', { description: 'The number of all deployments.' }),
  }),
})

builder.queryFields((t) => ({
  deployment: t.prismaField({
    scope: 'READ',
    type: 'Deployment',
    nullable: true,
    description: `Finds a deployment by its id; null when it does not exist.

Example:
\`deployment(id: "RGVwbG95bWVudDo…") { version status }\``,
    args: { id: t.arg.id({ required: true, description: 'The id of the deployment.' }) },
    resolve: (query, _root, { id }, { services }, info) =>
      services.deployments.byId(uuidOf('Deployment', id), objectQuery(query, info)),
  }),
  deploymentByExternalId: t.prismaField({
    scope: 'READ',
    type: 'Deployment',
    nullable: true,
    description: `Finds a deployment by the id that another system knows it by; null when no deployment has it.

Example:
\`deploymentByExternalId(externalId: "release-2026-11-23") { version status }\``,
    args: { externalId: t.arg.string({ required: true, description: 'The external id of the deployment.' }) },
    resolve: (query, _root, { externalId }, { services }, info) =>
      services.deployments.byExternalId(externalId, objectQuery(query, info)),
  }),
  deployments: t.connection(
    {
      scope: 'READ',
      type: DeploymentType,
      description: `Lists deployments, newest first by default.

Example:
\`deployments(first: 10, filter: { status: [ACTIVE] }) { edges { node { id version } } }\``,
      args: { filter: t.arg(filterArg), orderBy: t.arg({ type: OrderInput, description: 'The order of the list.' }) },
      resolve: (_root, args, context, info) =>
        context.services.deployments.list(deploymentFilter(args.filter), args.orderBy, args, nodesQuery(context, info)),
    },
    DeploymentConnection,
  ),
  deploymentCounts: t.field({
    scope: 'READ',
    type: CountsType,
    description: `Counts deployments by status.

Example:
\`deploymentCounts(filter: { search: "llama" }) { active paused }\``,
    args: { filter: t.arg(filterArg) },
    resolve: (_root, { filter }, { services }) => services.deployments.counts(deploymentFilter(filter)),
  }),
}))

builder.prismaObjectField('Model', 'deployments', (t) =>
  t.connection(
    {
      type: DeploymentType,
      columns: ['name'],
      description: 'The deployments of the model, newest first.',
      resolve: (model, args, context, info) =>
        context.services.deployments.list({ model: model.name }, null, args, nodesQuery(context, info)),
    },
    DeploymentConnection,
  ),
)

builder.prismaObjectFields('TrainingJob', (t) => ({
  activeDeployment: t.field({
    type: DeploymentType,
    nullable: true,
    description: 'The active deployment of the job; null when there is none. There is at most one.',
    columns: [],
    select: (_args, _context, nested) => ({ deployments: nested(ACTIVE_ONE) }),
    resolve: (job) => job.deployments[0],
  }),
  deployments: t.connection(
    {
      type: DeploymentType,
      columns: [],
      description: 'The deployments of the job, newest first.',
      resolve: (job, args, context, info) =>
        context.services.deployments.list({ trainingJobId: job.id }, null, args, nodesQuery(context, info)),
    },
    DeploymentConnection,
  ),
}))

builder.objectField(TrainingJobHasDeploymentsError, 'deployments', (t) =>
  t.field({
    type: [DeploymentType],
    description: 'The deployments of the job, newest first, at most 20.',
    resolve: (error) => error.deployments,
  }),
)
