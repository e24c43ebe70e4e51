import { type InputIssue, InvalidInputError } from '../base/errors.ts'
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
