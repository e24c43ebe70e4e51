import type { Deployment } from '@gaugeline/prisma'
import { DomainError } from '../base/errors.ts'
import { MAX_BULK_CHANGES } from '../base/limits.ts'
import { QuotaExceededError } from '../base/quotas.ts'
import { builder } from '../graphql/builder.ts'
import { BULK_COST, COUNTED_COST } from '../graphql/cost.ts'
import { encodeId, inputUuids } from '../graphql/ids.ts'
import { type BulkChange, changeEach } from './bulk-changes.ts'
import { NOTE, PauseSuccess, ResumeSuccess } from './deployment-mutations.schema.ts'
import { DeploymentNotFoundError, DuplicateActiveDeploymentError } from './deployment.errors.ts'

/** The change that was made, or the error in its place. */
function changed({ outcome }: BulkChange): { deployment: Deployment } {
  if (outcome instanceof DomainError) throw outcome
  return { deployment: outcome }
}

const deploymentId = ({ id }: BulkChange) => encodeId('Deployment', id)

const PauseItem = builder.objectRef<BulkChange>('PauseDeploymentsItem').implement({
  description: 'One deployment of a bulk change, and what came of it.',
  fields: (t) => ({
    deploymentId: t.id({ description: 'The id that was given.', resolve: deploymentId }),
    result: t.field({
      type: PauseSuccess,
      description: 'What `pauseDeployment` would answer for it.',
      errors: { types: [DeploymentNotFoundError], union: { name: 'PauseDeploymentsItemResult' } },
      resolve: changed,
    }),
  }),
})

const ResumeItem = builder.objectRef<BulkChange>('ResumeDeploymentsItem').implement({
  description: 'One deployment of a bulk change, and what came of it.',
  fields: (t) => ({
    deploymentId: t.id({ description: 'The id that was given.', resolve: deploymentId }),
    result: t.field({
      type: ResumeSuccess,
      description: 'What `resumeDeployment` would answer for it.',
      errors: {
        types: [DeploymentNotFoundError, DuplicateActiveDeploymentError, QuotaExceededError],
        union: { name: 'ResumeDeploymentsItemResult' },
      },
      resolve: changed,
    }),
  }),
})

const RESULTS = 'What came of each deployment, in the order of the ids.'
const DONE = 'Every deployment was tried; each result says whether it was changed.'

const PauseAllSuccess = builder.objectRef<{ results: BulkChange[] }>('PauseDeploymentsSuccess').implement({
  description: DONE,
  fields: (t) => ({
    results: t.field({
      type: [PauseItem],
      cost: COUNTED_COST,
      description: RESULTS,
      resolve: ({ results }) => results,
    }),
  }),
})
const ResumeAllSuccess = builder.objectRef<{ results: BulkChange[] }>('ResumeDeploymentsSuccess').implement({
  description: DONE,
  fields: (t) => ({
    results: t.field({
      type: [ResumeItem],
      cost: COUNTED_COST,
      description: RESULTS,
      resolve: ({ results }) => results,
    }),
  }),
})

const IDS = `The ids of the deployments, 1 to ${MAX_BULK_CHANGES}.`
const EACH =
  'They are changed one after another, each by itself: one that cannot be changed is reported and does not hold up the others. Repeating the call is safe.'

builder.mutationFields((t) => ({
  pauseDeployments: t.fieldWithInput({
    scope: 'DEPLOY',
    cost: BULK_COST,
    type: PauseAllSuccess,
    description: `Pauses several deployments. ${EACH}

Example:
\`pauseDeployments(input: { deploymentIds: ["RGVwbG95bWVudDo…"], note: "maintenance" })\``,
    errors: {},
    typeOptions: { description: 'The deployments to pause.' },
    input: {
      deploymentIds: t.input.idList({ required: true, description: IDS }),
      note: t.input.string({ description: NOTE }),
    },
    resolve: async (_root, { input: { deploymentIds, note } }, { services, viewer }) => {
      const act = { by: viewer.name, note }
      const ids = inputUuids('Deployment', 'deploymentIds', deploymentIds)
      return { results: await changeEach(ids, act, (id) => services.deployments.pause(id, act)) }
    },
  }),
  resumeDeployments: t.fieldWithInput({
    scope: 'DEPLOY',
    cost: BULK_COST,
    type: ResumeAllSuccess,
    description: `Resumes several paused deployments. ${EACH}

Example:
\`resumeDeployments(input: { deploymentIds: ["RGVwbG95bWVudDo…"] })\``,
    errors: {},
    typeOptions: { description: 'The deployments to resume.' },
    input: {
      deploymentIds: t.input.idList({ required: true, description: IDS }),
      note: t.input.string({ description: NOTE }),
    },
    resolve: async (_root, { input: { deploymentIds, note } }, { services, viewer }) => {
      const act = { by: viewer.name, note }
      const ids = inputUuids('Deployment', 'deploymentIds', deploymentIds)
      return { results: await changeEach(ids, act, (id) => services.deployments.resume(id, act)) }
    },
  }),
}))
