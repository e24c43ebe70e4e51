import type { Deployment } from '@gaugeline/prisma'
import { InvalidInputError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import { encodeId, inputUuid } from '../graphql/ids.ts'
import { idempotencyKeyOf, IDEMPOTENCY_KEY } from '../idempotency/idempotency.schema.ts'
import { IdempotencyConflictError } from '../idempotency/idempotency.errors.ts'
import { TrainingJobStatusEnum } from '../training/training-job.schema.ts'
import { TrainingJobNotFoundError } from '../training/training.errors.ts'
import { DeploymentType } from './deployment.schema.ts'
import {
  DeploymentActiveError,
  DeploymentNotFoundError,
  DuplicateActiveDeploymentError,
  TrainingJobNotCompletedError,
} from './deployment.errors.ts'

builder.objectType(DeploymentNotFoundError, {
  name: 'DeploymentNotFoundError',
  description: 'No deployment has this id; it may have been deleted.',
  interfaces: [ErrorInterface],
})
builder.objectType(TrainingJobNotCompletedError, {
  name: 'TrainingJobNotCompletedError',
  description: 'Only completed training jobs can be deployed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ status: t.expose('status', { type: TrainingJobStatusEnum, description: "The job's status." }) }),
})
builder.objectType(DuplicateActiveDeploymentError, {
  name: 'DuplicateActiveDeploymentError',
  description: 'A training job has at most one active deployment.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    activeDeployment: t.field({
      type: DeploymentType,
      description: 'The one that is active.',
      resolve: (error) => error.activeDeployment,
    }),
  }),
})
builder.objectType(DeploymentActiveError, {
  name: 'DeploymentActiveError',
  description: 'An active deployment cannot be deleted; pause it first.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    deployment: t.field({
      type: DeploymentType,
      description: 'The deployment.',
      resolve: (error) => error.deployment,
    }),
  }),
})

function deploymentSuccess(name: string, what: string) {
  return builder.objectRef<{ deployment: Deployment }>(name).implement({
    description: what,
    fields: (t) => ({
      deployment: t.field({
        type: DeploymentType,
        description: 'As it is now.',
        resolve: ({ deployment }) => deployment,
      }),
    }),
  })
}

const NOTE = 'Why, in at most 500 characters; stands on the event.'

const DeployInput = builder.inputType('DeployTrainingJobInput', {
  description: 'What to deploy.',
  fields: (t) => ({
    trainingJobId: t.id({ required: true, description: 'A completed training job.' }),
    note: t.string({ description: `${NOTE} Also on the deployment.` }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})
const PauseInput = builder.inputType('PauseDeploymentInput', {
  description: 'What to pause.',
  fields: (t) => ({
    deploymentId: t.id({ required: true, description: 'Which deployment.' }),
    note: t.string({ description: NOTE }),
  }),
})
const ResumeInput = builder.inputType('ResumeDeploymentInput', {
  description: 'What to resume.',
  fields: (t) => ({
    deploymentId: t.id({ required: true, description: 'Which deployment.' }),
    note: t.string({ description: NOTE }),
  }),
})
const DeleteInput = builder.inputType('DeleteDeploymentInput', {
  description: 'What to delete.',
  fields: (t) => ({ deploymentId: t.id({ required: true, description: 'Which deployment.' }) }),
})

const DeleteSuccess = builder.objectRef<{ deploymentId: string }>('DeleteDeploymentSuccess').implement({
  description: 'The deployment is gone; its events stay.',
  fields: (t) => ({ deploymentId: t.exposeID('deploymentId', { description: 'The id it had.' }) }),
})

function unionOf(mutation: string) {
  return { name: `${mutation}Result`, description: 'Its success, and what a caller can mend.' }
}

builder.mutationFields((t) => ({
  deployTrainingJob: t.field({
    scope: 'DEPLOY',
    type: deploymentSuccess(
      'DeployTrainingJobSuccess',
      'The deployment is active; samples begin with the next window.',
    ),
    description:
      'Deploys a completed training job: active at once, under the next version of its model. Like `deployTrainingJob(input: { trainingJobId: "VHJhaW5pbmdKb2I6…", note: "by the release bot" })`.',
    errors: {
      types: [
        TrainingJobNotFoundError,
        TrainingJobNotCompletedError,
        DuplicateActiveDeploymentError,
        IdempotencyConflictError,
        InvalidInputError,
      ],
      union: unionOf('DeployTrainingJob'),
    },
    args: { input: t.arg({ type: DeployInput, required: true, description: 'What to deploy.' }) },
    resolve: async (_root, { input }, { services, viewer }) => ({
      deployment: await services.deployments.deploy(
        inputUuid('TrainingJob', 'trainingJobId', input.trainingJobId),
        { by: viewer.name, note: input.note },
        idempotencyKeyOf(viewer, input.idempotencyKey),
      ),
    }),
  }),
  pauseDeployment: t.field({
    scope: 'DEPLOY',
    type: deploymentSuccess('PauseDeploymentSuccess', 'The deployment is paused.'),
    description:
      'Stops the samples and keeps everything. Pausing what is paused succeeds and changes nothing. Like `pauseDeployment(input: { deploymentId: "RGVwbG95bWVudDo…" })`.',
    errors: { types: [DeploymentNotFoundError, InvalidInputError], union: unionOf('PauseDeployment') },
    args: { input: t.arg({ type: PauseInput, required: true, description: 'What to pause.' }) },
    resolve: async (_root, { input }, { services, viewer }) => ({
      deployment: await services.deployments.pause(inputUuid('Deployment', 'deploymentId', input.deploymentId), {
        by: viewer.name,
        note: input.note,
      }),
    }),
  }),
  resumeDeployment: t.field({
    scope: 'DEPLOY',
    type: deploymentSuccess('ResumeDeploymentSuccess', 'The deployment is active again.'),
    description:
      'Goes on under the same id, version and sequence. Refused while another deployment of the same job is active. Like `resumeDeployment(input: { deploymentId: "RGVwbG95bWVudDo…" })`.',
    errors: {
      types: [DeploymentNotFoundError, DuplicateActiveDeploymentError, InvalidInputError],
      union: unionOf('ResumeDeployment'),
    },
    args: { input: t.arg({ type: ResumeInput, required: true, description: 'What to resume.' }) },
    resolve: async (_root, { input }, { services, viewer }) => ({
      deployment: await services.deployments.resume(inputUuid('Deployment', 'deploymentId', input.deploymentId), {
        by: viewer.name,
        note: input.note,
      }),
    }),
  }),
  deleteDeployment: t.field({
    scope: 'DEPLOY',
    type: DeleteSuccess,
    description:
      'Deletes a paused deployment with its samples. Its events stay, and its version never comes back. Like `deleteDeployment(input: { deploymentId: "RGVwbG95bWVudDo…" })`.',
    errors: {
      types: [DeploymentNotFoundError, DeploymentActiveError, InvalidInputError],
      union: unionOf('DeleteDeployment'),
    },
    args: { input: t.arg({ type: DeleteInput, required: true, description: 'What to delete.' }) },
    resolve: async (_root, { input }, { services, viewer }) => {
      const id = inputUuid('Deployment', 'deploymentId', input.deploymentId)
      await services.deployments.delete(id, { by: viewer.name })
      return { deploymentId: encodeId('Deployment', id) }
    },
  }),
}))
