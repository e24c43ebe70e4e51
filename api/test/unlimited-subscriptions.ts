import { execute, GraphQLError } from 'graphql'

/** Options of shared subscriptions: limits that no test reaches. */
export const UNLIMITED = {
  execute,
  tooLarge: (bytes: number) => new GraphQLError(`too large: ${bytes}`),
  refusal: (_limit: string, _max: number, asked: number) => new GraphQLError(`too much: ${asked}`),
  maxCostPerCaller: 1_000,
  maxPerCaller: 1_000,
  maxBytesPerCaller: Infinity,
  maxBytes: Infinity,
}
