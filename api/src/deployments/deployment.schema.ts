import { builder } from '../graphql/builder.ts'
import { nodesQuery } from '../graphql/connections.ts'
import { uuidOf } from '../graphql/ids.ts'
import { HISTORY_COST, InferenceMetricsHistoryType, InferenceMetricsType } from '../samples/metrics.schema.ts'
import { summaryOf } from '../metrics/metrics-summary.ts'
import { versionOf } from '../models/models.ts'
import { checkSearch } from '../base/text-search.ts'
import { OrderDirectionEnum } from '../training/training-job.schema.ts'
import { DuplicateActiveDeploymentError, TrainingJobNotCompletedError } from './deployment.errors.ts'
import type { DeploymentFilter } from './deployment-filter.ts'

const DeploymentStatusEnum = builder.enumType('DeploymentStatus', {
  description: 'Whether samples are recorded.',
  values: {
    ACTIVE: { description: 'Serves, and is measured.' },
    PAUSED: { description: 'Keeps all it has; nothing is measured.' },
  },
})

/** The active deployment of a training job: at most one. */
const ACTIVE_ONE = { where: { status: 'ACTIVE' }, take: 1 } as const

export const DeploymentType = builder.prismaNode('Deployment', {
  id: { field: 'id' },
  nullable: true,
  description: 'One version of a model, made from one completed training job.',
  fields: (t) => ({
    model: t.relation('model', { description: 'What it is a version of.' }),
    trainingJob: t.relation('trainingJob', { description: 'What it was made from.' }),
    version: t.string({
      description: '`v1.N.0`: N counts the deployments of the model from 0, and is never used twice.',
      resolve: ({ versionNumber }) => versionOf(versionNumber),
    }),
    status: t.expose('status', { type: DeploymentStatusEnum, description: 'ACTIVE or PAUSED.' }),
    note: t.exposeString('note', { nullable: true, description: 'Written at the deploy.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was deployed.' }),
    createdBy: t.exposeString('createdBy', { description: 'Who deployed it.' }),
    statusChangedAt: t.expose('statusChangedAt', { type: 'DateTime', description: 'Since when it has its status.' }),
    latestMetrics: t.field({
      type: InferenceMetricsType,
      nullable: true,
      description: 'The newest sample; null before the first, or when retention has removed it.',
      resolve: async ({ key }, _args, { loaders }) => {
        const sample = await loaders.latest.load(key)
        return sample && summaryOf(sample)
      },
    }),
    recentMetrics: t.field({
      type: [InferenceMetricsType],
      description: 'The last two minutes at full resolution (240 samples at most), ascending: for sparklines.',
      resolve: async ({ key }, _args, { loaders }) => (await loaders.recent.load(key)).map(summaryOf),
    }),
    metricsHistory: t.field({
      cost: HISTORY_COST,
      type: InferenceMetricsHistoryType,
      description: 'A look back over the retention of one-second samples, in at most maxPoints windows (1 to 2,000).',
      args: {
        from: t.arg({ type: 'DateTime', required: true, description: 'Where it starts.' }),
        to: t.arg({ type: 'DateTime', description: 'Where it ends; now when left out.' }),
        maxPoints: t.arg.int({ defaultValue: 300, description: '1 to 2,000.' }),
      },
      resolve: async (deployment, { from, to, maxPoints }, { services }) => {
        const history = await services.history.ofDeployment({
          deploymentKey: deployment.key,
          fromMs: from.getTime(),
          toMs: to?.getTime(),
          maxPoints: maxPoints ?? 300,
        })
        return { ...history, deploymentId: deployment.id }
      },
    }),
    canPause: t.boolean({
      description: 'Whether the viewer could pause it now.',
      resolve: ({ status }, _args, { viewer }) => status === 'ACTIVE' && viewer.scopes.has('DEPLOY'),
    }),
    canResume: t.boolean({
      description: 'Whether the viewer could resume it now: paused, and no other deployment of its job is active.',
      resolve: ({ status, trainingJobId }, _args, { viewer, loaders }) =>
        status === 'PAUSED' && viewer.scopes.has('DEPLOY') && loaders.isUndeployed.load(trainingJobId),
    }),
    canDelete: t.boolean({
      description: 'Whether the viewer could delete it now: it must be paused.',
      resolve: ({ status }, _args, { viewer }) => status === 'PAUSED' && viewer.scopes.has('DEPLOY'),
    }),
  }),
})

const DeploymentConnection = builder.connectionObject(
  { type: DeploymentType, name: 'DeploymentConnection', description: 'A page of deployments.' },
  { name: 'DeploymentEdge', description: 'One of a page of deployments.' },
)

const FilterInput = builder.inputType('DeploymentFilter', {
  description: 'All given conditions must hold.',
  fields: (t) => ({
    status: t.field({ type: [DeploymentStatusEnum], description: 'Any of these.' }),
    model: t.string({ description: "The model's name, exactly." }),
    search: t.string({ description: "Part of the model's or the training job's name, in any case." }),
    ids: t.idList({ description: 'Any of these deployments.' }),
  }),
})

type FilterShape = typeof FilterInput.$inferInput

/** The filter in the words of the service. Throws BAD_USER_INPUT. */
export function deploymentFilter(filter: FilterShape | null | undefined): DeploymentFilter {
  checkSearch(filter?.search)
  return { ...filter, ids: filter?.ids?.map((id) => uuidOf('Deployment', id)) }
}

export const filterArg = { type: FilterInput, description: 'Which ones; all of them when left out.' } as const

const OrderInput = builder.inputType('DeploymentOrder', {
  description: 'What to sort by.',
  fields: (t) => ({
    field: t.field({
      type: builder.enumType('DeploymentOrderField', {
        description: 'What deployments can be sorted by.',
        values: {
          CREATED_AT: { description: 'When it was deployed.' },
          STATUS_CHANGED_AT: { description: 'Since when it has its status.' },
          MODEL: { description: "By the model's name, then by version." },
          VERSION: { description: 'By version, in numeric order.' },
        },
      }),
      required: true,
      description: 'What to sort by.',
    }),
    direction: t.field({ type: OrderDirectionEnum, required: true, description: 'Which end comes first.' }),
  }),
})

const CountsType = builder.objectRef<{ active: number; paused: number; total: number }>('DeploymentCounts').implement({
  description: 'How many deployments there are.',
  fields: (t) => ({
    active: t.exposeInt('active', { description: 'Active ones.' }),
    paused: t.exposeInt('paused', { description: 'Paused ones.' }),
    total: t.exposeInt('total', { description: 'All of them.' }),
  }),
})

builder.queryFields((t) => ({
  deployment: t.prismaField({
    scope: 'READ',
    type: 'Deployment',
    nullable: true,
    description:
      'A deployment by its id; null when there is none. Like `deployment(id: "RGVwbG95bWVudDo…") { version status }`.',
    args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (query, _root, { id }, { services }) => services.deployments.byId(uuidOf('Deployment', id), query),
  }),
  deployments: t.connection(
    {
      scope: 'READ',
      type: DeploymentType,
      description:
        'Deployments, newest first unless asked otherwise. Like `deployments(first: 10, filter: { status: [ACTIVE] }) { edges { node { id version } } }`.',
      args: { filter: t.arg(filterArg), orderBy: t.arg({ type: OrderInput, description: 'In which order.' }) },
      resolve: (_root, args, context, info) =>
        context.services.deployments.list(deploymentFilter(args.filter), args.orderBy, args, nodesQuery(context, info)),
    },
    DeploymentConnection,
  ),
  deploymentCounts: t.field({
    scope: 'READ',
    type: CountsType,
    description:
      'How many deployments there are, by status. Like `deploymentCounts(filter: { search: "llama" }) { active paused }`.',
    args: { filter: t.arg(filterArg) },
    resolve: (_root, { filter }, { services }) => services.deployments.counts(deploymentFilter(filter)),
  }),
}))

builder.prismaObjectField('Model', 'deployments', (t) =>
  t.connection(
    {
      type: DeploymentType,
      description: 'Its deployments, newest first.',
      resolve: (model, args, context, info) =>
        context.services.deployments.list({ model: model.name }, null, args, nodesQuery(context, info)),
    },
    DeploymentConnection,
  ),
)

const BlockerEnum = builder.enumType('DeployBlocker', {
  description: 'Why a training job cannot be deployed now.',
  values: {
    NOT_COMPLETED: { description: 'Only completed jobs can be deployed.' },
    ALREADY_ACTIVE: { description: 'A deployment of the job is active already.' },
    NOT_ALLOWED: { description: 'The viewer lacks the scope DEPLOY.' },
  },
})

interface Deployability {
  reason: 'NOT_COMPLETED' | 'ALREADY_ACTIVE' | 'NOT_ALLOWED' | null
  message: string | null
}

const DeployabilityType = builder.objectRef<Deployability>('Deployability').implement({
  description: 'Whether the viewer could deploy the job now; when not, why, in words and as a code.',
  fields: (t) => ({
    canDeploy: t.boolean({ description: 'Whether deploying would succeed.', resolve: ({ reason }) => reason === null }),
    reason: t.expose('reason', { type: BlockerEnum, nullable: true, description: 'Null when it can be deployed.' }),
    message: t.exposeString('message', { nullable: true, description: 'The reason as a sentence.' }),
  }),
})

builder.prismaObjectFields('TrainingJob', (t) => ({
  activeDeployment: t.field({
    type: DeploymentType,
    nullable: true,
    description: 'Its active deployment: at most one.',
    select: (_args, _context, nested) => ({ deployments: nested(ACTIVE_ONE) }),
    resolve: (job) => job.deployments[0],
  }),
  deployments: t.connection(
    {
      type: DeploymentType,
      description: 'The deployments made from it, newest first.',
      resolve: (job, args, context, info) =>
        context.services.deployments.list({ trainingJobId: job.id }, null, args, nodesQuery(context, info)),
    },
    DeploymentConnection,
  ),
  deployability: t.field({
    type: DeployabilityType,
    description: 'Whether the viewer could deploy it now.',
    select: { deployments: ACTIVE_ONE },
    resolve: ({ status, deployments: [active] }, _args, { viewer }): Deployability => {
      if (!viewer.scopes.has('DEPLOY')) {
        return { reason: 'NOT_ALLOWED', message: 'You are not allowed to deploy.' }
      }
      if (status !== 'COMPLETED') {
        return { reason: 'NOT_COMPLETED', message: new TrainingJobNotCompletedError(status).message }
      }
      if (active) return { reason: 'ALREADY_ACTIVE', message: new DuplicateActiveDeploymentError(active).message }
      return { reason: null, message: null }
    },
  }),
}))
