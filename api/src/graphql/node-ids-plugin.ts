import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core'
import type { GraphQLFieldResolver } from 'graphql'
import { encodeId, NODE_NAMES } from '../base/global-ids.ts'

type AnyResolver = GraphQLFieldResolver<unknown, object>

/**
 * Gives objects their ids at once. Relay's plugin makes each in a promise, and graphql-js then makes others of the
 * object, its edge and its page to wait for it: half of what executing a page would cost.
 */
export class NodeIdsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(resolver: AnyResolver, { name, parentType }: PothosOutputFieldConfig<Types>): AnyResolver {
    if (name !== 'id' || !NODE_NAMES.some((node) => node === parentType)) return resolver
    return (node) => encodeId(parentType, (node as { id: string }).id)
  }
}

SchemaBuilder.registerPlugin('nodeIds', NodeIdsPlugin)

declare global {
  // Where Pothos looks for plugins.
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      nodeIds: NodeIdsPlugin<Types>
    }
  }
}
