import type PrismaTypes from '@gaugeline/prisma/pothos-types'
import { getDatamodel } from '@gaugeline/prisma/pothos-types'
import SchemaBuilder from '@pothos/core'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import './node-ids-plugin.ts'
import './scopes-plugin.ts'
import type { Context } from './context.ts'
import { EDGES_COST, IDS_COST, PAGE_COST } from './cost.ts'
import { decodeId, encodeId } from './ids.ts'
import { requireScopeOfType } from './scopes-plugin.ts'
import { MAX_PAGE } from '../base/paging.ts'
import { RefusedError } from '../base/errors.ts'

export type Scalars = {
  DateTime: { Input: Date; Output: Date }
  JSON: { Input: unknown; Output: unknown }
  Count: { Input: number; Output: number }
  SampleCursor: { Input: string; Output: string }
  EventCursor: { Input: string; Output: string }
  ID: { Input: string; Output: string | number }
}

export const builder = new SchemaBuilder<{
  Context: Context
  PrismaTypes: PrismaTypes
  Scalars: Scalars
  DefaultFieldNullability: false
  DefaultEdgesNullability: false
  DefaultNodeNullability: false
}>({
  plugins: ['scopes', 'nodeIds', ErrorsPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  errors: { directResult: true },
  relay: {
    idFieldOptions: { description: 'Global id: the same object under the same id, everywhere.' },
    encodeGlobalID: (typename, id) => encodeId(typename, String(id)),
    decodeGlobalID: decodeId,
    defaultConnectionTypeOptions: { cost: PAGE_COST },
    edgesFieldOptions: { cost: EDGES_COST, nullable: false, description: 'The page, in the order asked for.' },
    nodeFieldOptions: { nullable: false, description: 'The object itself.' },
    cursorFieldOptions: { description: 'Where this object stands in the list; for `after` and `before`.' },
    pageInfoFieldOptions: { description: 'How to go on.' },
    firstArgOptions: { description: `Page size from the start, 1 to ${MAX_PAGE}; 20 when neither is given.` },
    lastArgOptions: { description: `Page size from the end, 1 to ${MAX_PAGE}.` },
    afterArgOptions: { description: 'Begin right after this cursor.' },
    beforeArgOptions: { description: 'End right before this cursor.' },
    pageInfoTypeOptions: { description: 'How to go on from a page.' },
    nodeTypeOptions: { description: 'An object with a global id.' },
    hasNextPageFieldOptions: { description: 'Whether more follows.' },
    hasPreviousPageFieldOptions: { description: 'Whether more comes before.' },
    startCursorFieldOptions: { description: 'Cursor of the first object.' },
    endCursorFieldOptions: { description: 'Cursor of the last object.' },
    nodeQueryOptions: {
      scope: 'READ',
      description: 'Any object by its id; null when there is none.',
      args: { id: { description: 'A global id.' } },
      resolve: (_root, { id }, { viewer }, { schema }, resolveNode) => {
        requireScopeOfType(schema, id.typename, viewer)
        return resolveNode(id)
      },
    },
    nodesQueryOptions: {
      scope: 'READ',
      cost: IDS_COST,
      description: `At most ${MAX_PAGE} objects by their ids, in their order; null where there is none.`,
      args: { ids: { description: 'Global ids.' } },
      resolve: (_root, { ids }, { viewer }, { schema }, resolveNodes) => {
        if (ids.length > MAX_PAGE) {
          throw new RefusedError('BAD_USER_INPUT', `ids must hold at most ${MAX_PAGE} ids, not ${ids.length}.`)
        }
        for (const { typename } of ids) requireScopeOfType(schema, typename, viewer)
        return resolveNodes(ids)
      },
    },
  },
  prisma: {
    // Of the operation: building the schema opens no database.
    client: ({ services }) => services.prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    onUnusedQuery: 'warn',
  },
})

builder.queryType({ description: 'What can be read.' })
builder.mutationType({
  description: 'What can be changed. Every mutation answers a union: its success, and the errors a caller can mend.',
})
builder.subscriptionType({ description: 'What can be followed live, over WebSocket or Server-Sent Events.' })
