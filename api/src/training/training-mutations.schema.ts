import type { Prisma, TrainingJob } from '@gaugeline/prisma'
import { QuotaExceededError } from '../base/quotas.ts'
import { builder } from '../graphql/builder.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import { encodeId, inputUuid } from '../graphql/ids.ts'
import { externalIdOf, LabelInput, NEW_LABELS, REMOVES_EXTERNAL_ID, UPDATED_LABELS } from '../graphql/labels.schema.ts'
import { idempotencyKeyOf, IDEMPOTENCY_KEY } from '../idempotency/idempotency.schema.ts'
import { IdempotencyConflictError } from '../idempotency/idempotency.errors.ts'
import {
  TrainingJobExternalIdTakenError,
  TrainingJobFinishedError,
  TrainingJobHasDeploymentsError,
  TrainingJobNotFoundError,
  TrainingJobSimulatedError,
} from './training.errors.ts'
import { TrainingJobStatusEnum, TrainingJobType } from './training-job.schema.ts'

builder.objectType(TrainingJobNotFoundError, {
  name: 'TrainingJobNotFoundError',
  description: 'There is no training job with this id; it may have been deleted.',
  interfaces: [ErrorInterface],
})
builder.objectType(TrainingJobFinishedError, {
  name: 'TrainingJobFinishedError',
  description: 'The training job already has a final status, which cannot change.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    status: t.expose('status', { type: TrainingJobStatusEnum, description: 'The final status of the job.' }),
  }),
})
builder.objectType(TrainingJobSimulatedError, {
  name: 'TrainingJobSimulatedError',
  description: 'The server runs this simulated job. You can cancel it, but not update it.',
  interfaces: [ErrorInterface],
})
builder.objectType(TrainingJobExternalIdTakenError, {
  name: 'TrainingJobExternalIdTakenError',
  description: 'An external id names at most one training job.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    trainingJob: t.field({
      type: TrainingJobType,
      description: 'The training job that has the external id.',
      resolve: (error) => error.trainingJob,
    }),
  }),
})
// Its field `deployments` is added by deployment.schema.ts.
builder.objectType(TrainingJobHasDeploymentsError, {
  name: 'TrainingJobHasDeploymentsError',
  description: 'The training job cannot be deleted while deployments of it exist.',
  interfaces: [ErrorInterface],
})

function trainingJobSuccess(name: string, what: string) {
  return builder.objectRef<{ trainingJob: TrainingJob }>(name).implement({
    description: `The training job was ${what}.`,
    fields: (t) => ({
      trainingJob: t.field({
        type: TrainingJobType,
        description: 'The training job in its current state.',
        resolve: ({ trainingJob }) => trainingJob,
      }),
    }),
  })
}

const NAME = 'The name of the job, for people: one line of 1 to 100 characters. It is stored in the Unicode form NFKC.'
const MODEL_NAME = 'The name of the model. A model with a new name is created.'
const FRAMEWORK = 'The framework that the job trains with.'
const DATASET = 'The dataset that the job trains on.'
const HYPERPARAMETERS = 'The hyperparameters, as a JSON object of at most 16 KB.'

const NOT_FUTURE = 'It may be up to a minute ahead of the clock of the server.'

const StepInput = builder.inputType('TrainingStepInput', {
  description: 'One point of a loss curve.',
  fields: (t) => ({
    step: t.int({
      required: true,
      description: 'The number of the step, from 0. A point that the curve already has at this step is replaced.',
    }),
    loss: t.float({ required: true, description: 'The training loss at this step.' }),
    accuracy: t.float({ description: 'The accuracy at this step, 0 to 1.' }),
  }),
})

const DeleteSuccess = builder.objectRef<{ trainingJobId: string }>('DeleteTrainingJobSuccess').implement({
  description: 'The training job and its loss curve were deleted.',
  fields: (t) => ({
    trainingJobId: t.exposeID('trainingJobId', { description: 'The id of the deleted training job.' }),
  }),
})

builder.mutationFields((t) => ({
  registerTrainingJob: t.fieldWithInput({
    scope: 'TRAIN',
    type: trainingJobSuccess('RegisterTrainingJobSuccess', 'registered'),
    description: `Registers a training job that runs, or has run, outside of Gaugeline.

Example:
\`registerTrainingJob(input: { modelName: "team/model", name: "nightly", status: COMPLETED })\``,
    errors: { types: [TrainingJobExternalIdTakenError, IdempotencyConflictError] },
    typeOptions: { description: 'A training job that runs outside of Gaugeline.' },
    input: {
      modelName: t.input.string({ required: true, description: MODEL_NAME }),
      name: t.input.string({ required: true, description: NAME }),
      status: t.input.field({
        type: TrainingJobStatusEnum,
        defaultValue: 'QUEUED',
        description: 'The status that the job already has.',
      }),
      framework: t.input.string({ description: FRAMEWORK }),
      dataset: t.input.string({ description: DATASET }),
      hyperparameters: t.input.field({ type: 'JSON', description: HYPERPARAMETERS }),
      externalId: t.input.string({ description: externalIdOf('training job') }),
      labels: t.input.field({ type: [LabelInput], description: NEW_LABELS }),
      startedAt: t.input.field({
        type: 'DateTime',
        description: `When the job began to run: for any status but QUEUED. When it is left out, it is \`finishedAt\` or the current time. ${NOT_FUTURE}`,
      }),
      finishedAt: t.input.field({
        type: 'DateTime',
        description: `When the job ended: for a final status, and not before \`startedAt\`. It is the current time when it is left out. ${NOT_FUTURE}`,
      }),
      idempotencyKey: t.input.string({ description: IDEMPOTENCY_KEY }),
    },
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
  startTrainingJob: t.fieldWithInput({
    scope: 'TRAIN',
    type: trainingJobSuccess('StartTrainingJobSuccess', 'started'),
    description: `Starts a simulated training job, which runs for about a minute with a live loss curve.

Example:
\`startTrainingJob(input: { modelName: "team/model", name: "nightly" })\``,
    errors: { types: [TrainingJobExternalIdTakenError, QuotaExceededError, IdempotencyConflictError] },
    typeOptions: { description: 'The simulated training job to start.' },
    input: {
      modelName: t.input.string({ required: true, description: MODEL_NAME }),
      name: t.input.string({ description: `${NAME} When it is left out, a name is made from the current time.` }),
      framework: t.input.string({ description: FRAMEWORK }),
      dataset: t.input.string({ description: DATASET }),
      hyperparameters: t.input.field({
        type: 'JSON',
        description: `${HYPERPARAMETERS} With a \`learningRate\` above 0.1 the run diverges and fails.`,
      }),
      externalId: t.input.string({ description: externalIdOf('training job') }),
      labels: t.input.field({ type: [LabelInput], description: NEW_LABELS }),
      idempotencyKey: t.input.string({ description: IDEMPOTENCY_KEY }),
    },
    resolve: async (_root, { input: { idempotencyKey, ...input } }, { services, viewer }) => ({
      trainingJob: await services.trainingJobs.start(
        { ...input, hyperparameters: input.hyperparameters as Prisma.InputJsonObject },
        viewer.name,
        idempotencyKeyOf(viewer, idempotencyKey),
      ),
    }),
  }),
  updateTrainingJob: t.fieldWithInput({
    scope: 'TRAIN',
    type: trainingJobSuccess('UpdateTrainingJobSuccess', 'updated'),
    description: `Reports the progress of a registered training job. Progress above 0, steps or \`startedAt\` start a queued job. A finished job does not change any more, but reporting again how it ended succeeds, so that a call without an answer can be repeated. The external id and the labels of every job can be changed at any time.

Example:
\`updateTrainingJob(input: { trainingJobId: "VHJhaW5pbmdKb2I6…", progress: 0.4, steps: [{ step: 400, loss: 1.9 }] })\``,
    errors: {
      types: [
        TrainingJobNotFoundError,
        TrainingJobFinishedError,
        TrainingJobSimulatedError,
        TrainingJobExternalIdTakenError,
        QuotaExceededError,
      ],
    },
    typeOptions: { description: 'What has changed in a registered training job. What is left out stays as it is.' },
    input: {
      trainingJobId: t.input.id({ required: true, description: 'The id of the training job.' }),
      status: t.input.field({ type: TrainingJobStatusEnum, description: 'The new status: RUNNING or a final one.' }),
      progress: t.input.float({ description: 'The progress, 0 to 1. The status COMPLETED sets it to 1.' }),
      steps: t.input.field({
        type: [StepInput],
        description:
          'The points to add to the loss curve, at most 1,000. How many a curve can have is a quota of the server.',
      }),
      finalLoss: t.input.float({ description: 'The loss at the end of the training.' }),
      finalAccuracy: t.input.float({ description: 'The accuracy at the end of the training, 0 to 1.' }),
      failureReason: t.input.string({ description: 'Why the job failed. It goes with the status FAILED.' }),
      startedAt: t.input.field({
        type: 'DateTime',
        description: `When the job began to run. When it is left out, it is the time at which the job was first seen running. ${NOT_FUTURE}`,
      }),
      finishedAt: t.input.field({
        type: 'DateTime',
        description: `When the job ended: with a final status, and not before its start. It is the current time when it is left out. ${NOT_FUTURE}`,
      }),
      externalId: t.input.string({ description: `${externalIdOf('training job')} ${REMOVES_EXTERNAL_ID}` }),
      labels: t.input.field({ type: [LabelInput], description: UPDATED_LABELS }),
    },
    resolve: async (_root, { input }, { services }) => ({
      trainingJob: await services.trainingJobs.update(
        inputUuid('TrainingJob', 'trainingJobId', input.trainingJobId),
        input,
      ),
    }),
  }),
  cancelTrainingJob: t.fieldWithInput({
    scope: 'TRAIN',
    type: trainingJobSuccess('CancelTrainingJobSuccess', 'cancelled'),
    description: `Cancels a training job that is not finished.

Example:
\`cancelTrainingJob(input: { trainingJobId: "VHJhaW5pbmdKb2I6…" })\``,
    errors: { types: [TrainingJobNotFoundError, TrainingJobFinishedError] },
    typeOptions: { description: 'The training job to cancel.' },
    input: { trainingJobId: t.input.id({ required: true, description: 'The id of the training job.' }) },
    resolve: async (_root, { input }, { services }) => ({
      trainingJob: await services.trainingJobs.cancel(inputUuid('TrainingJob', 'trainingJobId', input.trainingJobId)),
    }),
  }),
  deleteTrainingJob: t.fieldWithInput({
    scope: 'TRAIN',
    type: DeleteSuccess,
    description: `Deletes a training job with its loss curve. A job cannot be deleted while deployments of it exist.

Example:
\`deleteTrainingJob(input: { trainingJobId: "VHJhaW5pbmdKb2I6…" })\``,
    errors: { types: [TrainingJobNotFoundError, TrainingJobHasDeploymentsError] },
    typeOptions: { description: 'The training job to delete.' },
    input: { trainingJobId: t.input.id({ required: true, description: 'The id of the training job.' }) },
    resolve: async (_root, { input }, { services }) => {
      const id = inputUuid('TrainingJob', 'trainingJobId', input.trainingJobId)
      await services.trainingJobs.delete(id)
      return { trainingJobId: encodeId('TrainingJob', id) }
    },
  }),
}))
