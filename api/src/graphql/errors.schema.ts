import { type InputIssue, InvalidInputError } from '../base/errors.ts'
import { QuotaExceededError } from '../base/quotas.ts'
import { builder } from './builder.ts'

export const ErrorInterface = builder.interfaceRef<Error>('Error').implement({
  description: 'An error that the caller can correct. Switch on `__typename`, never on the message.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What is wrong, as a sentence for people.' }),
  }),
})

const InputIssueType = builder.objectRef<InputIssue>('InputIssue').implement({
  description: 'One thing that is wrong with an input.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: "The path from the mutation's input to the field, by field names and list indexes.",
    }),
    message: t.exposeString('message', { description: 'What a valid value would be, as a sentence for people.' }),
  }),
})

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'The input has the right shape, but some of its values are invalid.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    issues: t.field({
      type: [InputIssueType],
      description: 'Everything that is wrong with the input.',
      resolve: (error) => error.issues,
    }),
  }),
})

const QuotaEnum = builder.enumType('Quota', {
  description: 'What the server has a quota for, over all callers.',
  values: {
    ACTIVE_DEPLOYMENTS: { description: 'The active deployments.' },
    SIMULATED_RUNS: { description: 'The simulated training jobs that are queued or running.' },
    STEPS_PER_TRAINING_JOB: { description: 'The steps in the loss curve of one training job.' },
    API_TOKENS: { description: 'The API tokens that are neither revoked nor expired.' },
  },
})

builder.objectType(QuotaExceededError, {
  name: 'QuotaExceededError',
  description: 'The server has no room for another one. The message says what makes room.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    quota: t.expose('quota', { type: QuotaEnum, description: 'What there is no room for.' }),
    max: t.exposeInt('max', { description: 'How many there can be; a setting of the server.' }),
  }),
})
