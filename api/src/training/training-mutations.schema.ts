import type { Prisma, TrainingJob } from '@gaugeline/prisma'
import { DeploymentType } from '../deployments/deployment.schema.ts'
import { InvalidInputError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import { encodeId, inputUuid } from '../graphql/ids.ts'
import { idempotencyKeyOf, IDEMPOTENCY_KEY } from '../idempotency/idempotency.schema.ts'
import { IdempotencyConflictError } from '../idempotency/idempotency.errors.ts'
import {
  TrainingJobFinishedError,
  TrainingJobHasDeploymentsError,
  TrainingJobNotFoundError,
  TrainingJobSimulatedError,
} from './training.errors.ts'
import { TrainingJobStatusEnum, TrainingJobType } from './training-job.schema.ts'

builder.objectType(TrainingJobNotFoundError, {
  name: 'TrainingJobNotFoundError',
  description: 'No training job has this id; it may have been deleted.',
  interfaces: [ErrorInterface],
})
builder.objectType(TrainingJobFinishedError, {
  name: 'TrainingJobFinishedError',
  description: 'The training job has a final status.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ status: t.expose('status', { type: TrainingJobStatusEnum, description: 'That status.' }) }),
})
builder.objectType(TrainingJobSimulatedError, {
  name: 'TrainingJobSimulatedError',
  description: 'The server drives this run; it can be cancelled, not updated.',
  interfaces: [ErrorInterface],
})
builder.objectType(TrainingJobHasDeploymentsError, {
  name: 'TrainingJobHasDeploymentsError',
  description: 'Deployments were made from the training job; they keep it from being deleted.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    deployments: t.field({
      type: [DeploymentType],
      description: 'The first 20, newest first.',
      resolve: (error) => error.deployments,
    }),
  }),
})

function trainingJobSuccess(name: string, what: string) {
  return builder.objectRef<{ trainingJob: TrainingJob }>(name).implement({
    description: `The training job was ${what}.`,
    fields: (t) => ({
      trainingJob: t.field({
        type: TrainingJobType,
        description: 'As it is now.',
        resolve: ({ trainingJob }) => trainingJob,
      }),
    }),
  })
}

const NAMES = { name: 'For people, 1 to 100 characters.', model: 'A model by its name; an unknown one is made.' }

const RegisterInput = builder.inputType('RegisterTrainingJobInput', {
  description: "A third party's own training job.",
  fields: (t) => ({
    modelName: t.string({ required: true, description: NAMES.model }),
    name: t.string({ required: true, description: NAMES.name }),
    status: t.field({ type: TrainingJobStatusEnum, defaultValue: 'QUEUED', description: 'Where it stands already.' }),
    framework: t.string({ description: 'What it is trained with.' }),
    dataset: t.string({ description: 'What it is trained on.' }),
    hyperparameters: t.field({ type: 'JSON', description: 'An object, at most 16 KB.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const StartInput = builder.inputType('StartTrainingJobInput', {
  description: 'A simulated run.',
  fields: (t) => ({
    modelName: t.string({ required: true, description: NAMES.model }),
    name: t.string({ description: `${NAMES.name} Made from the time when left out.` }),
    framework: t.string({ description: 'What it is trained with.' }),
    dataset: t.string({ description: 'What it is trained on.' }),
    hyperparameters: t.field({
      type: 'JSON',
      description: 'An object, at most 16 KB. With a learningRate above 0.1 the run diverges and fails.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const StepInput = builder.inputType('TrainingStepInput', {
  description: 'A point of a loss curve.',
  fields: (t) => ({
    step: t.int({ required: true, description: 'From 0; one that is there already is replaced.' }),
    loss: t.float({ required: true, description: 'Training loss.' }),
    accuracy: t.float({ description: '0 to 1.' }),
  }),
})

const UpdateInput = builder.inputType('UpdateTrainingJobInput', {
  description: 'What has changed of a registered job; what is left out stays.',
  fields: (t) => ({
    trainingJobId: t.id({ required: true, description: 'Which job.' }),
    status: t.field({ type: TrainingJobStatusEnum, description: 'RUNNING, or a final one.' }),
    progress: t.float({ description: '0 to 1; COMPLETED sets it to 1.' }),
    steps: t.field({ type: [StepInput], description: 'Points to add to the loss curve, at most 1,000.' }),
    finalLoss: t.float({ description: 'Loss at the end.' }),
    finalAccuracy: t.float({ description: 'Accuracy at the end, 0 to 1.' }),
    failureReason: t.string({ description: 'Why it failed; with status FAILED.' }),
  }),
})

const CancelInput = builder.inputType('CancelTrainingJobInput', {
  description: 'Which training job to cancel.',
  fields: (t) => ({ trainingJobId: t.id({ required: true, description: 'Its id.' }) }),
})

const DeleteInput = builder.inputType('DeleteTrainingJobInput', {
  description: 'Which training job to delete.',
  fields: (t) => ({ trainingJobId: t.id({ required: true, description: 'Its id.' }) }),
})

const DeleteSuccess = builder.objectRef<{ trainingJobId: string }>('DeleteTrainingJobSuccess').implement({
  description: 'The training job and its curve are gone.',
  fields: (t) => ({ trainingJobId: t.exposeID('trainingJobId', { description: 'The id it had.' }) }),
})

function unionOf(mutation: string) {
  return { name: `${mutation}Result`, description: `Its success, and what a caller can mend.` }
}

builder.mutationFields((t) => ({
  registerTrainingJob: t.field({
    scope: 'TRAIN',
    type: trainingJobSuccess('RegisterTrainingJobSuccess', 'registered'),
    description:
      'Third parties bring their own jobs; an unknown model name makes the model. Like `registerTrainingJob(input: { modelName: "team/model", name: "nightly", status: COMPLETED })`.',
    errors: { types: [IdempotencyConflictError, InvalidInputError], union: unionOf('RegisterTrainingJob') },
    args: { input: t.arg({ type: RegisterInput, required: true, description: 'The job.' }) },
    resolve: async (_root, { input: { idempotencyKey, ...input } }, { services, viewer }) => ({
      trainingJob: await services.trainingJobs.register(
        {
          ...input,
          status: input.status ?? 'QUEUED',
          hyperparameters: input.hyperparameters as Prisma.InputJsonObject,
        },
        viewer.name,
        idempotencyKeyOf(viewer, idempotencyKey),
      ),
    }),
  }),
  startTrainingJob: t.field({
    scope: 'TRAIN',
    type: trainingJobSuccess('StartTrainingJobSuccess', 'started'),
    description:
      'A simulated run of about a minute with a live loss curve. Like `startTrainingJob(input: { modelName: "team/model", name: "nightly" })`.',
    errors: { types: [IdempotencyConflictError, InvalidInputError], union: unionOf('StartTrainingJob') },
    args: { input: t.arg({ type: StartInput, required: true, description: 'The run.' }) },
    resolve: async (_root, { input: { idempotencyKey, ...input } }, { services, viewer }) => ({
      trainingJob: await services.trainingJobs.start(
        { ...input, hyperparameters: input.hyperparameters as Prisma.InputJsonObject },
        viewer.name,
        idempotencyKeyOf(viewer, idempotencyKey),
      ),
    }),
  }),
  updateTrainingJob: t.field({
    scope: 'TRAIN',
    type: trainingJobSuccess('UpdateTrainingJobSuccess', 'updated'),
    description:
      'Reports the progress of a registered job. Like `updateTrainingJob(input: { trainingJobId: "VHJhaW5pbmdKb2I6…", progress: 0.4, steps: [{ step: 400, loss: 1.9 }] })`.',
    errors: {
      types: [TrainingJobNotFoundError, TrainingJobFinishedError, TrainingJobSimulatedError, InvalidInputError],
      union: unionOf('UpdateTrainingJob'),
    },
    args: { input: t.arg({ type: UpdateInput, required: true, description: 'The changes.' }) },
    resolve: async (_root, { input }, { services }) => ({
      trainingJob: await services.trainingJobs.update(
        inputUuid('TrainingJob', 'trainingJobId', input.trainingJobId),
        input,
      ),
    }),
  }),
  cancelTrainingJob: t.field({
    scope: 'TRAIN',
    type: trainingJobSuccess('CancelTrainingJobSuccess', 'cancelled'),
    description:
      'Ends a job that is not finished. Like `cancelTrainingJob(input: { trainingJobId: "VHJhaW5pbmdKb2I6…" })`.',
    errors: {
      types: [TrainingJobNotFoundError, TrainingJobFinishedError, InvalidInputError],
      union: unionOf('CancelTrainingJob'),
    },
    args: { input: t.arg({ type: CancelInput, required: true, description: 'Which one.' }) },
    resolve: async (_root, { input }, { services }) => ({
      trainingJob: await services.trainingJobs.cancel(inputUuid('TrainingJob', 'trainingJobId', input.trainingJobId)),
    }),
  }),
  deleteTrainingJob: t.field({
    scope: 'TRAIN',
    type: DeleteSuccess,
    description:
      'Deletes a job with its curve. Refused while deployments made from it exist. Like `deleteTrainingJob(input: { trainingJobId: "VHJhaW5pbmdKb2I6…" })`.',
    errors: {
      types: [TrainingJobNotFoundError, TrainingJobHasDeploymentsError, InvalidInputError],
      union: unionOf('DeleteTrainingJob'),
    },
    args: { input: t.arg({ type: DeleteInput, required: true, description: 'Which one.' }) },
    resolve: async (_root, { input }, { services }) => {
      const id = inputUuid('TrainingJob', 'trainingJobId', input.trainingJobId)
      await services.trainingJobs.delete(id)
      return { trainingJobId: encodeId('TrainingJob', id) }
    },
  }),
}))
