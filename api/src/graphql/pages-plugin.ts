import { isUnavailable } from '@gaugeline/prisma'
import SchemaBuilder, { BasePlugin, type SchemaTypes } from '@pothos/core'
import { defaultFieldResolver, type GraphQLSchema, isObjectType, OperationTypeNode } from 'graphql'
import { Lanes } from '../base/lanes.ts'
import { MAX_PAGES_AT_ONCE } from '../base/limits.ts'
import type { Context } from './context.ts'
import { costOfField, PAGE_COST } from './cost.ts'

/**
 * Reads the pages of an operation a few at a time, whatever their number: together with those of all other operations
 * of its caller. Each is at least a statement, and all at once would take the connections to the database from others.
 */
class PagesPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override afterBuild(schema: GraphQLSchema): GraphQLSchema {
    for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
      for (const field of Object.values(type.getFields())) {
        if (costOfField(field) !== PAGE_COST) continue
        const run = field.resolve ?? defaultFieldResolver
        field.resolve = (parent, args, context: Context, info) => {
          const resolve = () => run(parent, args, context, info)
          // The messages of a subscription are made for many callers at once, one after another.
          if (info.operation.operation === OperationTypeNode.SUBSCRIPTION) return resolve()
          return readPage(context, resolve)
        }
      }
    }
    return schema
  }
}

async function readPage({ pages, viewer, lane = viewer.key }: Context, read: () => unknown): Promise<unknown> {
  return await pages.run(lane, async () => {
    try {
      return await read()
    } catch (error) {
      if (error instanceof Error && isUnavailable(error)) pages.refuseWaiting(lane, error)
      throw error
    }
  })
}

/** One for all operations of a server. */
export function createPageLanes(): Lanes {
  // The costs of operations, and how many of them run at once, bound how many can wait.
  return new Lanes({ max: MAX_PAGES_AT_ONCE, maxWaiting: Infinity, refusal: () => new Error('Never full') })
}

SchemaBuilder.registerPlugin('pages', PagesPlugin)

declare global {
  // Pothos merges the options of plugins from this namespace.
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      pages: PagesPlugin<Types>
    }
  }
}
