import type { Selection } from '@gaugeline/prisma'
import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from './context.ts'
import { selectedColumns } from './selected-columns.ts'

/** What has to be loaded for the nodes of a connection: the requested relations and columns, and nothing more. */
export function nodesQuery(context: Context, info: GraphQLResolveInfo): Selection {
  const { include } = queryFromInfo({ context, info, paths: [['nodes'], ['edges', 'node']] })
  return { include: include as Selection['include'], columns: selectedColumns(info) }
}

/** What has to be loaded for an object, of which Pothos tells the relations. */
export function objectQuery({ include }: { include?: object }, info: GraphQLResolveInfo): Selection {
  return { include: include as Selection['include'], columns: selectedColumns(info) }
}

/**
 * Declares that the objects at `path` already hold the requested relations, so that these are taken from the objects
 * instead of from the database. A relation that an object lacks is still read.
 */
export function fromMemory(context: Context, info: GraphQLResolveInfo, path: string[]): void {
  queryFromInfo({ context, info, path })
}
