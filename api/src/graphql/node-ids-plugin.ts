import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core'
import type { GraphQLFieldResolver } from 'graphql'
import { encodeId, NODE_NAMES } from '../base/global-ids.ts'

type AnyResolver = GraphQLFieldResolver<unknown, object>

/**
 * Resolves the ids of objects synchronously. Relay's plugin makes each id in a promise, and graphql-js then makes
 * further promises for the object, its edge and its page to wait for it: half of the cost of executing a page.
 */
class NodeIdsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(resolver: AnyResolver, { name, parentType }: PothosOutputFieldConfig<Types>): AnyResolver {
    if (name !== 'id' || !NODE_NAMES.some((node) => node === parentType)) return resolver
    return (node) => encodeId(parentType, (node as { id: string }).id)
  }
}

SchemaBuilder.registerPlugin('nodeIds', NodeIdsPlugin)

declare global {
  // Pothos merges plugins from this namespace.
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      nodeIds: NodeIdsPlugin<Types>
    }
  }
}
