import { builder } from '../graphql/builder.ts'
import { DuplicateActiveDeploymentError, TrainingJobNotCompletedError } from './deployment.errors.ts'
import { ACTIVE_ONE } from './deployment.schema.ts'

const BlockerEnum = builder.enumType('DeployBlocker', {
  description: 'The reason why a training job cannot be deployed now.',
  values: {
    NOT_COMPLETED: { description: 'The job is not completed.' },
    ALREADY_ACTIVE: { description: 'A deployment of the job is already active.' },
    NOT_ALLOWED: { description: 'The viewer lacks the scope DEPLOY.' },
  },
})

interface Deployability {
  reason: 'NOT_COMPLETED' | 'ALREADY_ACTIVE' | 'NOT_ALLOWED' | null
  message: string | null
}

const DeployabilityType = builder.objectRef<Deployability>('Deployability').implement({
  description: 'Whether the viewer can deploy a training job now, and if not, the reason as a code and as a sentence.',
  fields: (t) => ({
    canDeploy: t.boolean({
      description: 'Whether deploying the job now would succeed.',
      resolve: ({ reason }) => reason === null,
    }),
    reason: t.expose('reason', {
      type: BlockerEnum,
      nullable: true,
      description: 'Why the job cannot be deployed; null when it can be deployed.',
    }),
    message: t.exposeString('message', {
      nullable: true,
      description: 'The reason as a sentence for people; null when the job can be deployed.',
    }),
  }),
})

builder.prismaObjectField('TrainingJob', 'deployability', (t) =>
  t.field({
    type: DeployabilityType,
    description: 'Whether the viewer can deploy the job now.',
    columns: ['status'],
    whole: ['Deployment'],
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
)
