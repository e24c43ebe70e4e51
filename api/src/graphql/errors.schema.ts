import { type InputIssue, InvalidInputError } from '../base/errors.ts'
import { builder } from './builder.ts'

export const ErrorInterface = builder.interfaceRef<Error>('Error').implement({
  description: 'Something the caller can mend. Switch on __typename, never on the text.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'A sentence for people.' }),
  }),
})

const InputIssueType = builder.objectRef<InputIssue>('InputIssue').implement({
  description: 'One thing wrong with an input.',
  fields: (t) => ({
    path: t.exposeStringList('path', { description: "Leads from the mutation's input to the field." }),
    message: t.exposeString('message', { description: 'What would be right.' }),
  }),
})

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'The input has the right shape, and values that cannot be.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    issues: t.field({
      type: [InputIssueType],
      description: 'All that is wrong.',
      resolve: (error) => error.issues,
    }),
  }),
})
