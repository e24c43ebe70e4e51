import { GraphQLError } from 'graphql'

/** Code LIMIT_EXCEEDED: names the limit, its value and what was asked. */
export function limitError(limit: string, max: number, asked: number | string): GraphQLError {
  const message = `${WHAT[limit] ?? limit} may be at most ${max}; asked: ${asked}.`
  return new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED', limit, max, asked } })
}

const WHAT: Record<string, string> = {
  tokens: 'The tokens of a document',
  nesting: 'The nesting of brackets in a document',
  depth: 'The depth of a document',
  aliases: 'The aliases of a document, each __typename counted',
  directives: 'The directives of a document',
  fragments: 'The fragments of a document',
  selections: 'The selections of a document, its fragments expanded,',
  comparisons: 'The comparisons between fields of the same name in a document',
  cost: 'The cost of an operation',
  running: 'The cost of your distinct subscriptions that run at once',
  subscriptions: 'The subscriptions of one socket',
}
