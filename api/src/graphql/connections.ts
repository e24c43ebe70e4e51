import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from './context.ts'

/** What Prisma has to load for the nodes of a connection: the relations that were asked for, and no more. */
export function nodesQuery<Query>(context: Context, info: GraphQLResolveInfo): Query {
  return queryFromInfo({ context, info, path: ['edges', 'node'] }) as Query
}
