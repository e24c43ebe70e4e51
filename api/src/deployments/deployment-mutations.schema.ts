import type { Deployment } from '@gaugeline/prisma'
import { QuotaExceededError } from '../base/quotas.ts'
import { builder } from '../graphql/builder.ts'
import { fromMemory } from '../graphql/connections.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import { encodeId, inputUuid } from '../graphql/ids.ts'
import { externalIdOf, LabelInput, NEW_LABELS, REMOVES_EXTERNAL_ID, UPDATED_LABELS } from '../graphql/labels.schema.ts'
import { idempotencyKeyOf, IDEMPOTENCY_KEY } from '../idempotency/idempotency.schema.ts'
import { IdempotencyConflictError } from '../idempotency/idempotency.errors.ts'
import { TrainingJobStatusEnum } from '../training/training-job.schema.ts'
import { SourceInput } from '../sources/source-input.schema.ts'
import { TrainingJobNotFoundError } from '../training/training.errors.ts'
import { DeploymentType } from './deployment.schema.ts'
import {
  DeploymentActiveError,
  DeploymentExternalIdTakenError,
  DeploymentNotFoundError,
  DuplicateActiveDeploymentError,
  TrainingJobNotCompletedError,
} from './deployment.errors.ts'

builder.objectType(DeploymentNotFoundError, {
  name: 'DeploymentNotFoundError',
  description: 'There is no deployment with this id; it may have been deleted.',
  interfaces: [ErrorInterface],
})
builder.objectType(TrainingJobNotCompletedError, {
  name: 'TrainingJobNotCompletedError',
  description: 'Only completed training jobs can be deployed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    status: t.expose('status', { type: TrainingJobStatusEnum, description: 'The status of the training job.' }),
  }),
})
builder.objectType(DuplicateActiveDeploymentError, {
  name: 'DuplicateActiveDeploymentError',
  description: 'A training job can have at most one active deployment.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    activeDeployment: t.field({
      type: DeploymentType,
      description: 'The deployment that is already active.',
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
      description: 'The active deployment.',
      resolve: (error) => error.deployment,
    }),
  }),
})

builder.objectType(DeploymentExternalIdTakenError, {
  name: 'DeploymentExternalIdTakenError',
  description: 'An external id names at most one deployment.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    deployment: t.field({
      type: DeploymentType,
      description: 'The deployment that has the external id.',
      resolve: (error) => error.deployment,
    }),
  }),
})

export function deploymentSuccess(name: string, description: string) {
  return builder.objectRef<{ deployment: Deployment }>(name).implement({
    description,
    fields: (t) => ({
      deployment: t.field({
        type: DeploymentType,
        description: 'The deployment in its current state.',
        resolve: ({ deployment }, _args, context, info) => {
          // A change has read the model.
          fromMemory(context, info, [])
          return deployment
        },
      }),
    }),
  })
}

export const PauseSuccess = deploymentSuccess('PauseDeploymentSuccess', 'The deployment is paused.')
export const ResumeSuccess = deploymentSuccess('ResumeDeploymentSuccess', 'The deployment is active again.')

const DEPLOYMENT_ID = 'The id of the deployment.'
export const NOTE = 'The reason for the change, at most 500 characters. It is recorded on the event.'

const DeleteSuccess = builder.objectRef<{ deploymentId: string }>('DeleteDeploymentSuccess').implement({
  description: 'The deployment was deleted; its events remain.',
  fields: (t) => ({ deploymentId: t.exposeID('deploymentId', { description: 'The id of the deleted deployment.' }) }),
})

builder.mutationFields((t) => ({
  deployTrainingJob: t.fieldWithInput({
    scope: 'DEPLOY',
    type: deploymentSuccess(
      'DeployTrainingJobSuccess',
      'The deployment is active; its samples begin with the next window.',
    ),
    description: `Deploys a completed training job under the next version of its model. The deployment is active at once.

Example:
\`deployTrainingJob(input: { trainingJobId: "VHJhaW5pbmdKb2I6…", note: "by the release bot" })\``,
    errors: {
      types: [
        TrainingJobNotFoundError,
        TrainingJobNotCompletedError,
        DuplicateActiveDeploymentError,
        DeploymentExternalIdTakenError,
        QuotaExceededError,
        IdempotencyConflictError,
      ],
    },
    typeOptions: { description: 'The training job to deploy.' },
    input: {
      trainingJobId: t.input.id({ required: true, description: 'The id of a completed training job.' }),
      note: t.input.string({ description: `${NOTE} The deployment keeps it as well.` }),
      externalId: t.input.string({ description: externalIdOf('deployment') }),
      labels: t.input.field({ type: [LabelInput], description: NEW_LABELS }),
      source: t.input.field({
        type: SourceInput,
        description: 'Where its metrics come from. They are simulated when it is left out.',
      }),
      idempotencyKey: t.input.string({ description: IDEMPOTENCY_KEY }),
    },
    resolve: async (_root, { input: { trainingJobId, idempotencyKey, ...input } }, { services, viewer }) => ({
      deployment: await services.deployments.deploy(
        inputUuid('TrainingJob', 'trainingJobId', trainingJobId),
        { by: viewer.name, ...input },
        idempotencyKeyOf(viewer, idempotencyKey),
      ),
    }),
  }),
  updateDeployment: t.fieldWithInput({
    scope: 'DEPLOY',
    type: deploymentSuccess('UpdateDeploymentSuccess', 'The deployment was updated.'),
    description: `Changes the external id or the labels of a deployment. This is no event of its lifecycle.

Example:
\`updateDeployment(input: { deploymentId: "RGVwbG95bWVudDo…", labels: [{ key: "stage", value: "canary" }] })\``,
    errors: { types: [DeploymentNotFoundError, DeploymentExternalIdTakenError] },
    typeOptions: { description: 'What to change in a deployment. What is left out stays as it is.' },
    input: {
      deploymentId: t.input.id({ required: true, description: DEPLOYMENT_ID }),
      externalId: t.input.string({ description: `${externalIdOf('deployment')} ${REMOVES_EXTERNAL_ID}` }),
      labels: t.input.field({ type: [LabelInput], description: UPDATED_LABELS }),
    },
    resolve: async (_root, { input: { deploymentId, ...metadata } }, { services }) => ({
      deployment: await services.deployments.update(inputUuid('Deployment', 'deploymentId', deploymentId), metadata),
    }),
  }),
  pauseDeployment: t.fieldWithInput({
    scope: 'DEPLOY',
    type: PauseSuccess,
    description: `Pauses a deployment: no more samples are recorded, and everything recorded so far is kept. Pausing a paused deployment succeeds and changes nothing.

Example:
\`pauseDeployment(input: { deploymentId: "RGVwbG95bWVudDo…" })\``,
    errors: { types: [DeploymentNotFoundError] },
    typeOptions: { description: 'The deployment to pause.' },
    input: {
      deploymentId: t.input.id({ required: true, description: DEPLOYMENT_ID }),
      note: t.input.string({ description: NOTE }),
    },
    resolve: async (_root, { input }, { services, viewer }) => ({
      deployment: await services.deployments.pause(inputUuid('Deployment', 'deploymentId', input.deploymentId), {
        by: viewer.name,
        note: input.note,
      }),
    }),
  }),
  resumeDeployment: t.fieldWithInput({
    scope: 'DEPLOY',
    type: ResumeSuccess,
    description: `Resumes a paused deployment, which keeps its id and version; its samples continue the same sequence. It cannot be resumed while another deployment of the same training job is active.

Example:
\`resumeDeployment(input: { deploymentId: "RGVwbG95bWVudDo…" })\``,
    errors: { types: [DeploymentNotFoundError, DuplicateActiveDeploymentError, QuotaExceededError] },
    typeOptions: { description: 'The deployment to resume.' },
    input: {
      deploymentId: t.input.id({ required: true, description: DEPLOYMENT_ID }),
      note: t.input.string({ description: NOTE }),
    },
    resolve: async (_root, { input }, { services, viewer }) => ({
      deployment: await services.deployments.resume(inputUuid('Deployment', 'deploymentId', input.deploymentId), {
        by: viewer.name,
        note: input.note,
      }),
    }),
  }),
  deleteDeployment: t.fieldWithInput({
    scope: 'DEPLOY',
    type: DeleteSuccess,
    description: `Deletes a paused deployment with its samples. Its events remain, and its version is never used again.

Example:
\`deleteDeployment(input: { deploymentId: "RGVwbG95bWVudDo…" })\``,
    errors: { types: [DeploymentNotFoundError, DeploymentActiveError] },
    typeOptions: { description: 'The deployment to delete.' },
    input: { deploymentId: t.input.id({ required: true, description: DEPLOYMENT_ID }) },
    resolve: async (_root, { input }, { services, viewer }) => {
      const id = inputUuid('Deployment', 'deploymentId', input.deploymentId)
      await services.deployments.delete(id, { by: viewer.name })
      return { deploymentId: encodeId('Deployment', id) }
    },
  }),
}))
