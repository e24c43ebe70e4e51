import { TrainingJobStatus } from '@gaugeline/prisma'
import { RefusedError } from '../base/errors.ts'
import { labelsOf } from '../base/labels.ts'
import { builder } from '../graphql/builder.ts'
import { nodesQuery, objectQuery } from '../graphql/connections.ts'
import { CURVE_COST, JSON_COST } from '../graphql/cost.ts'
import { uuidOf } from '../graphql/ids.ts'
import { externalIdOf, LABELS_FILTER, LabelInput, LabelType } from '../graphql/labels.schema.ts'
import { OF_POSITION, READ_ANEW } from '../graphql/of-position.ts'
import type { TrainingStepRecord } from '../bus/bus.ts'
import type { TrainingProgressUpdate } from './training-progress.ts'

const MAX_CURVE_POINTS = 2000

export const TrainingJobStatusEnum = builder.enumType('TrainingJobStatus', {
  description: 'How far a training job is. COMPLETED, FAILED and CANCELLED are final.',
  values: {
    [TrainingJobStatus.QUEUED]: { description: 'The job waits to be run.' },
    [TrainingJobStatus.RUNNING]: { description: 'The job is training.' },
    [TrainingJobStatus.COMPLETED]: { description: 'The job succeeded and can be deployed.' },
    [TrainingJobStatus.FAILED]: { description: 'The job ended with an error; `failureReason` describes it.' },
    [TrainingJobStatus.CANCELLED]: { description: 'The job was cancelled by a caller.' },
  },
})

const TrainingStepType = builder.objectRef<TrainingStepRecord>('TrainingStep').implement({
  extensions: OF_POSITION,
  description: 'One point of a loss curve.',
  fields: (t) => ({
    step: t.exposeInt('step', {
      description: 'The number of the step. It starts at 0 or 1, depending on the trainer.',
    }),
    loss: t.exposeFloat('loss', { description: 'The training loss at this step.' }),
    accuracy: t.exposeFloat('accuracy', {
      nullable: true,
      description: 'The accuracy at this step, 0 to 1; null when it was not measured.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When the point was measured.' }),
  }),
})

export const TrainingJobType = builder.prismaNode('TrainingJob', {
  id: { field: 'id' },
  nullable: true,
  extensions: READ_ANEW,
  description: 'One training run of a model, simulated by the server or registered by a third party.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the job, for people. It need not be unique.' }),
    model: t.relation('model', { description: 'The model that the job trains.' }),
    status: t.expose('status', { type: TrainingJobStatusEnum, description: 'The status of the job.' }),
    progress: t.exposeFloat('progress', { description: 'The progress of the job, 0 to 1.' }),
    simulated: t.exposeBoolean('simulated', {
      description: 'Whether the server simulates the job, for demonstration.',
    }),
    framework: t.exposeString('framework', {
      nullable: true,
      description: 'The framework that the job trains with.',
    }),
    dataset: t.exposeString('dataset', { nullable: true, description: 'The dataset that the job trains on.' }),
    hyperparameters: t.expose('hyperparameters', {
      cost: JSON_COST,
      type: 'JSON',
      nullable: true,
      description: 'The hyperparameters, as the JSON object that was registered.',
    }),
    finalLoss: t.exposeFloat('finalLoss', { nullable: true, description: 'The loss at the end of the training.' }),
    finalAccuracy: t.exposeFloat('finalAccuracy', {
      nullable: true,
      description: 'The accuracy at the end of the training, 0 to 1.',
    }),
    lossCurve: t.field({
      columns: [],
      cost: CURVE_COST,
      type: [TrainingStepType],
      description:
        'The loss curve so far, in the order of its steps. It is thinned evenly to at most `maxPoints` points; the last point is always included.',
      args: {
        maxPoints: t.arg.int({
          defaultValue: 200,
          description: `The largest number of points to return: 1 to ${MAX_CURVE_POINTS}.`,
        }),
      },
      resolve: (job, { maxPoints }, { loaders }) => {
        const points = maxPoints ?? 200
        if (points < 1 || points > MAX_CURVE_POINTS) {
          throw new RefusedError('BAD_USER_INPUT', `maxPoints must be from 1 to ${MAX_CURVE_POINTS}, not ${points}.`)
        }
        return loaders.lossCurve.load({ trainingJobId: job.id, maxPoints: points })
      },
    }),
    failureReason: t.exposeString('failureReason', {
      nullable: true,
      description: 'Why the job failed; null when it did not fail.',
    }),
    externalId: t.exposeString('externalId', {
      nullable: true,
      description: `${externalIdOf('training job')} Null when it has none.`,
    }),
    labels: t.field({
      columns: ['labels'],
      type: [LabelType],
      description: 'The labels of the job, by key.',
      resolve: ({ labels }) => labelsOf(labels),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the job was registered.' }),
    createdBy: t.exposeString('createdBy', { description: 'The name of the caller who registered the job.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the job began to run, as whoever runs it reported it or else as it was seen here; null before.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the job ended, as whoever runs it reported it or else as it was seen here; null before.',
    }),
  }),
})

const TrainingJobConnection = builder.connectionObject(
  { type: TrainingJobType, name: 'TrainingJobConnection', description: 'A page of training jobs.' },
  { name: 'TrainingJobEdge', description: 'A training job and its position in the list.' },
)

const TrainingJobFilterInput = builder.inputType('TrainingJobFilter', {
  description: 'Selects training jobs. A job must meet all conditions that are given.',
  fields: (t) => ({
    status: t.field({ type: [TrainingJobStatusEnum], description: 'The job has one of these statuses.' }),
    model: t.string({ description: 'The job belongs to the model with exactly this name.' }),
    search: t.string({ description: 'The name of the job or of its model contains this text, ignoring case.' }),
    createdBy: t.string({ description: 'The job was registered by the caller with exactly this name.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'The job was registered at this time or later.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'The job was registered before this time.' }),
    labels: t.field({ type: [LabelInput], description: LABELS_FILTER }),
  }),
})

export const OrderDirectionEnum = builder.enumType('OrderDirection', {
  description: 'The direction of an order.',
  values: {
    ASC: { description: 'Smallest or oldest first.' },
    DESC: { description: 'Largest or newest first.' },
  },
})

const TrainingJobOrderInput = builder.inputType('TrainingJobOrder', {
  description: 'The order of training jobs.',
  fields: (t) => ({
    field: t.field({
      type: builder.enumType('TrainingJobOrderField', {
        description: 'The fields by which training jobs can be sorted.',
        values: {
          CREATED_AT: { description: 'The time at which the job was registered.' },
          FINISHED_AT: { description: 'The time at which the job finished; unfinished jobs come last.' },
          NAME: { description: 'The name of the job.' },
        },
      }),
      required: true,
      description: 'The field to sort by.',
    }),
    direction: t.field({ type: OrderDirectionEnum, required: true, description: 'The direction to sort in.' }),
  }),
})

const TrainingJobCountsType = builder
  .objectRef<Partial<Record<TrainingJobStatus, number>>>('TrainingJobCounts')
  .implement({
    description: 'The numbers of training jobs by status.',
    fields: (t) => ({
      queued: t.int({ description: 'The number of queued jobs.', resolve: ({ QUEUED = 0 }) => QUEUED }),
      running: t.int({ description: 'The number of running jobs.', resolve: ({ RUNNING = 0 }) => RUNNING }),
      completed: t.int({ description: 'The number of completed jobs.', resolve: ({ COMPLETED = 0 }) => COMPLETED }),
      failed: t.int({ description: 'The number of failed jobs.', resolve: ({ FAILED = 0 }) => FAILED }),
      cancelled: t.int({ description: 'The number of cancelled jobs.', resolve: ({ CANCELLED = 0 }) => CANCELLED }),
      total: t.int({
        description: 'The number of all jobs.',
        resolve: (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0),
      }),
    }),
  })

const filterArg = {
  type: TrainingJobFilterInput,
  description: 'Which training jobs to include; all when it is left out.',
} as const

builder.queryFields((t) => ({
  trainingJob: t.prismaField({
    scope: 'READ',
    type: 'TrainingJob',
    nullable: true,
    description: `Finds a training job by its id; null when it does not exist.

Example:
\`trainingJob(id: "VHJhaW5pbmdKb2I6…") { name status progress }\``,
    args: { id: t.arg.id({ required: true, description: 'The id of the training job.' }) },
    resolve: (query, _root, { id }, { services }, info) =>
      services.trainingJobs.byId(uuidOf('TrainingJob', id), objectQuery(query, info)),
  }),
  trainingJobByExternalId: t.prismaField({
    scope: 'READ',
    type: 'TrainingJob',
    nullable: true,
    description: `Finds a training job by the id that another system knows it by; null when no job has it.

Example:
\`trainingJobByExternalId(externalId: "mlflow-3f9c2a71") { id name status }\``,
    args: { externalId: t.arg.string({ required: true, description: 'The external id of the training job.' }) },
    resolve: (query, _root, { externalId }, { services }, info) =>
      services.trainingJobs.byExternalId(externalId, objectQuery(query, info)),
  }),
  trainingJobs: t.connection(
    {
      scope: 'READ',
      type: TrainingJobType,
      description: `Lists training jobs, newest first by default.

Example:
\`trainingJobs(first: 10, filter: { status: [COMPLETED] }) { edges { node { id name } } }\``,
      args: {
        filter: t.arg(filterArg),
        orderBy: t.arg({ type: TrainingJobOrderInput, description: 'The order of the list.' }),
      },
      resolve: (_root, args, context, info) =>
        context.services.trainingJobs.list(args.filter, args.orderBy, args, nodesQuery(context, info)),
    },
    TrainingJobConnection,
  ),
  trainingJobCounts: t.field({
    scope: 'READ',
    type: TrainingJobCountsType,
    description: `Counts training jobs by status.

Example:
\`trainingJobCounts(filter: { model: "team/model" }) { running completed failed }\``,
    args: { filter: t.arg(filterArg) },
    resolve: (_root, { filter }, { services }) => services.trainingJobs.counts(filter),
  }),
}))

builder.prismaObjectField('Model', 'trainingJobs', (t) =>
  t.connection(
    {
      type: TrainingJobType,
      columns: ['name'],
      description: 'The training jobs of the model, newest first.',
      resolve: (model, args, context, info) =>
        context.services.trainingJobs.list({ model: model.name }, null, args, nodesQuery(context, info)),
    },
    TrainingJobConnection,
  ),
)

const TrainingJobUpdateType = builder.objectRef<TrainingProgressUpdate>('TrainingJobUpdate').implement({
  extensions: OF_POSITION,
  description: 'The current state of a training job, or that it was deleted.',
  fields: (t) => ({
    deleted: t.boolean({
      description: `Whether the training job was deleted; there is no later update of it. It is always false in a subscription to one job, which completes instead.

Example:
\`subscription { trainingJobProgress { deleted trainingJob { id name status } } }\``,
      resolve: ({ deleted }) => deleted !== undefined,
    }),
    trainingJob: t.prismaField({
      type: 'TrainingJob',
      description: 'The training job; as it was at the end, if it was deleted.',
      resolve: async (query, { trainingJobId, deleted }, _args, { services }, info) => {
        // Read for a deleted job too: its relations are then taken from the object that was kept.
        const selection = objectQuery(query, info)
        const job = deleted ?? (await services.trainingJobs.byId(trainingJobId, selection))
        if (!job) throw new RefusedError('NOT_FOUND', 'The training job was deleted.')
        return job
      },
    }),
    newSteps: t.field({
      type: [TrainingStepType],
      description:
        'The points that were added to the loss curve since the last update of the job in this subscription.',
      resolve: ({ newSteps }) => [...newSteps],
    }),
  }),
})

builder.subscriptionField('trainingJobProgress', (t) =>
  t.field({
    scope: 'READ',
    type: TrainingJobUpdateType,
    description: `Follows the current state of one training job, or of all. The subscription begins with the current state and sends a message at each change; a slow subscriber skips intermediate states. With \`trainingJobId\`, it completes when the job is deleted. Without, it begins with the unfinished jobs, includes new ones, and tells of deleted ones by \`deleted\`. An unknown job is refused as \`NOT_FOUND\`.

Example:
\`trainingJobProgress(trainingJobId: "VHJhaW5pbmdKb2I6…") { trainingJob { status progress } }\``,
    args: { trainingJobId: t.arg.id({ description: 'The training job to follow; all jobs when it is left out.' }) },
    subscribe: (_root, { trainingJobId }, { services }) =>
      services.trainingProgress.watch(trainingJobId == null ? null : uuidOf('TrainingJob', trainingJobId)),
    resolve: (update) => update,
  }),
)
