import { TrainingJobStatus } from '@gaugeline/prisma'
import { RefusedError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'
import { nodesQuery } from '../graphql/connections.ts'
import { CURVE_COST } from '../graphql/cost.ts'
import { uuidOf } from '../graphql/ids.ts'
import type { TrainingStepRecord } from '../bus/bus.ts'

const MAX_CURVE_POINTS = 2000

export const TrainingJobStatusEnum = builder.enumType('TrainingJobStatus', {
  description: 'COMPLETED, FAILED and CANCELLED are final.',
  values: {
    [TrainingJobStatus.QUEUED]: { description: 'Waits for its turn.' },
    [TrainingJobStatus.RUNNING]: { description: 'Trains.' },
    [TrainingJobStatus.COMPLETED]: { description: 'Done; can be deployed.' },
    [TrainingJobStatus.FAILED]: { description: 'Ended by an error; failureReason says which.' },
    [TrainingJobStatus.CANCELLED]: { description: 'Ended by somebody.' },
  },
})

const TrainingStepType = builder.objectRef<TrainingStepRecord>('TrainingStep').implement({
  description: 'A point of a loss curve.',
  fields: (t) => ({
    step: t.exposeInt('step', { description: 'Counts from 0 or 1, as the trainer does.' }),
    loss: t.exposeFloat('loss', { description: 'Training loss.' }),
    accuracy: t.exposeFloat('accuracy', { nullable: true, description: '0 to 1, when it was measured.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was measured.' }),
  }),
})

export const TrainingJobType = builder.prismaNode('TrainingJob', {
  id: { field: 'id' },
  nullable: true,
  description: 'One training run of a model.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'For people; need not be unique.' }),
    model: t.relation('model', { description: 'What it trains.' }),
    status: t.expose('status', { type: TrainingJobStatusEnum, description: 'Where it stands.' }),
    progress: t.exposeFloat('progress', { description: '0 to 1.' }),
    simulated: t.exposeBoolean('simulated', { description: 'Whether the server runs it, for demonstration.' }),
    framework: t.exposeString('framework', { nullable: true, description: 'What it is trained with.' }),
    dataset: t.exposeString('dataset', { nullable: true, description: 'What it is trained on.' }),
    hyperparameters: t.expose('hyperparameters', {
      type: 'JSON',
      nullable: true,
      description: 'An object, as registered.',
    }),
    finalLoss: t.exposeFloat('finalLoss', { nullable: true, description: 'Loss at the end.' }),
    finalAccuracy: t.exposeFloat('finalAccuracy', { nullable: true, description: 'Accuracy at the end, 0 to 1.' }),
    lossCurve: t.field({
      cost: CURVE_COST,
      type: [TrainingStepType],
      description: `The steps so far, thinned evenly to at most maxPoints (1 to ${MAX_CURVE_POINTS}); the last one is always there.`,
      args: { maxPoints: t.arg.int({ defaultValue: 200, description: `1 to ${MAX_CURVE_POINTS}.` }) },
      resolve: (job, { maxPoints }, { loaders }) => {
        const points = maxPoints ?? 200
        if (points < 1 || points > MAX_CURVE_POINTS) {
          throw new RefusedError('BAD_USER_INPUT', `maxPoints must be from 1 to ${MAX_CURVE_POINTS}, not ${points}.`)
        }
        return loaders.lossCurve.load({ trainingJobId: job.id, maxPoints: points })
      },
    }),
    failureReason: t.exposeString('failureReason', { nullable: true, description: 'Why it failed.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was registered.' }),
    createdBy: t.exposeString('createdBy', { description: 'Who registered it.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When it began to run.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it reached a final status.',
    }),
  }),
})

const TrainingJobConnection = builder.connectionObject(
  { type: TrainingJobType, name: 'TrainingJobConnection', description: 'A page of training jobs.' },
  { name: 'TrainingJobEdge', description: 'One of a page of training jobs.' },
)

const TrainingJobFilterInput = builder.inputType('TrainingJobFilter', {
  description: 'All given conditions must hold.',
  fields: (t) => ({
    status: t.field({ type: [TrainingJobStatusEnum], description: 'Any of these.' }),
    model: t.string({ description: "The model's name, exactly." }),
    search: t.string({ description: "Part of the job's or its model's name, in any case." }),
  }),
})

export const OrderDirectionEnum = builder.enumType('OrderDirection', {
  description: 'Which end comes first.',
  values: { ASC: { description: 'Smallest or oldest first.' }, DESC: { description: 'Largest or newest first.' } },
})

const TrainingJobOrderInput = builder.inputType('TrainingJobOrder', {
  description: 'What to sort by.',
  fields: (t) => ({
    field: t.field({
      type: builder.enumType('TrainingJobOrderField', {
        description: 'What training jobs can be sorted by.',
        values: {
          CREATED_AT: { description: 'When it was registered.' },
          FINISHED_AT: { description: 'When it finished; unfinished ones last.' },
          NAME: { description: 'By name.' },
        },
      }),
      required: true,
      description: 'What to sort by.',
    }),
    direction: t.field({ type: OrderDirectionEnum, required: true, description: 'Which end comes first.' }),
  }),
})

builder.queryFields((t) => ({
  trainingJob: t.prismaField({
    scope: 'READ',
    type: 'TrainingJob',
    nullable: true,
    description:
      'A training job by its id; null when there is none. Like `trainingJob(id: "VHJhaW5pbmdKb2I6…") { name status progress }`.',
    args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (query, _root, { id }, { services }) => services.trainingJobs.byId(uuidOf('TrainingJob', id), query),
  }),
  trainingJobs: t.connection(
    {
      scope: 'READ',
      type: TrainingJobType,
      description:
        'Training jobs, newest first unless asked otherwise. Like `trainingJobs(first: 10, filter: { status: [COMPLETED] }) { edges { node { id name } } }`.',
      args: {
        filter: t.arg({ type: TrainingJobFilterInput, description: 'Which ones.' }),
        orderBy: t.arg({ type: TrainingJobOrderInput, description: 'In which order.' }),
      },
      resolve: (_root, args, context, info) =>
        context.services.trainingJobs.list(args.filter, args.orderBy, args, nodesQuery(context, info)),
    },
    TrainingJobConnection,
  ),
}))

builder.prismaObjectField('Model', 'trainingJobs', (t) =>
  t.connection(
    {
      type: TrainingJobType,
      description: 'Its training jobs, newest first.',
      resolve: (model, args, context, info) =>
        context.services.trainingJobs.list({ model: model.name }, null, args, nodesQuery(context, info)),
    },
    TrainingJobConnection,
  ),
)

interface TrainingJobProgress {
  trainingJobId: string
  newSteps: readonly TrainingStepRecord[]
}

const TrainingJobUpdateType = builder.objectRef<TrainingJobProgress>('TrainingJobUpdate').implement({
  description: 'A training job as it is now.',
  fields: (t) => ({
    trainingJob: t.prismaField({
      type: 'TrainingJob',
      description: 'The job.',
      resolve: async (query, { trainingJobId }, _args, { services }) => {
        const job = await services.trainingJobs.byId(trainingJobId, query)
        if (!job) throw new RefusedError('NOT_FOUND', 'The training job was deleted.')
        return job
      },
    }),
    newSteps: t.field({
      type: [TrainingStepType],
      description: "Steps added since this subscription's last update of the job.",
      resolve: ({ newSteps }) => [...newSteps],
    }),
  }),
})

builder.subscriptionField('trainingJobProgress', (t) =>
  t.field({
    scope: 'READ',
    type: TrainingJobUpdateType,
    description:
      'State: one job, given at once as it is and then at each change, until it is deleted; or all of them, unfinished ones first, new ones included. Like `trainingJobProgress(trainingJobId: "VHJhaW5pbmdKb2I6…") { trainingJob { status progress } }`.',
    args: { trainingJobId: t.arg.id({ description: 'Which job; all of them when left out.' }) },
    subscribe: (_root, { trainingJobId }, { services }) =>
      services.trainingProgress.watch(trainingJobId == null ? null : uuidOf('TrainingJob', trainingJobId)),
    resolve: (update) => update,
  }),
)
