import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from './context.ts'

/** What Prisma has to load for the nodes of a connection: the requested relations and nothing more. */
export function nodesQuery<Query>(context: Context, info: GraphQLResolveInfo): Query {
  return queryFromInfo({ context, info, paths: [['nodes'], ['edges', 'node']] }) as Query
}

/**
 * Declares that the objects at `path` already hold the requested relations, so that these are taken from the objects
 * instead of from the database. A relation that an object lacks is still read.
 */
export function fromMemory(context: Context, info: GraphQLResolveInfo, path: string[]): void {
  queryFromInfo({ context, info, path })
}
