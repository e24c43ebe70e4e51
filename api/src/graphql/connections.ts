import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from './context.ts'

/** What Prisma has to load for the nodes of a connection: the relations that were asked for, and no more. */
export function nodesQuery<Query>(context: Context, info: GraphQLResolveInfo): Query {
  return queryFromInfo({ context, info, path: ['edges', 'node'] }) as Query
}

/**
 * Says that the objects at `path` come with the relations that were asked for, so that those are taken from the objects
 * instead of being read; a relation that an object lacks is read all the same.
 */
export function fromMemory(context: Context, info: GraphQLResolveInfo, path: string[]): void {
  queryFromInfo({ context, info, path })
}
