import type PrismaTypes from '@gaugeline/prisma/pothos-types'
import { getDatamodel } from '@gaugeline/prisma/pothos-types'
import SchemaBuilder from '@pothos/core'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import WithInputPlugin from '@pothos/plugin-with-input'
import './loaded-relations-plugin.ts'
import './node-ids-plugin.ts'
import './pages-plugin.ts'
import './scopes-plugin.ts'
import type { Context } from './context.ts'
import { COUNT_COST, EDGES_COST, NODES_COST, PAGE_COST } from './cost.ts'
import { decodeId, encodeId } from './ids.ts'
import { readingClient } from './reading-client.ts'
import { requireScopeOfType } from './scopes-plugin.ts'
import { DEFAULT_PAGE, MAX_PAGE, type Page } from '../base/page.ts'
import { InvalidInputError } from '../base/errors.ts'

type Scalars = {
  DateTime: { Input: Date; Output: Date }
  JSON: { Input: unknown; Output: unknown }
  Count: { Input: number; Output: number }
  SampleCursor: { Input: string; Output: string }
  EventCursor: { Input: string; Output: string }
  ID: { Input: string; Output: string | number }
}

const capitalized = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`

export const builder = new SchemaBuilder<{
  Context: Context
  PrismaTypes: PrismaTypes
  Scalars: Scalars
  Connection: Pick<Page<never>, 'totalCount'>
  DefaultFieldNullability: false
  DefaultEdgesNullability: false
  DefaultNodeNullability: false
}>({
  plugins: ['scopes', 'nodeIds', 'loadedRelations', 'pages', ErrorsPlugin, WithInputPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  errors: {
    directResult: true,
    defaultTypes: [InvalidInputError],
    defaultUnionOptions: {
      name: ({ fieldName }) => `${capitalized(fieldName)}Result`,
      description:
        'The success of the mutation, or an error that the caller can correct. New errors may be added: keep a default branch.',
    },
  },
  withInput: {
    typeOptions: { name: ({ fieldName }) => `${capitalized(fieldName)}Input` },
    argOptions: { description: 'The input of the mutation.' },
  },
  relay: {
    idFieldOptions: { description: 'The global id. The same object has the same id everywhere.' },
    encodeGlobalID: (typename, id) => encodeId(typename, String(id)),
    decodeGlobalID: decodeId,
    defaultConnectionTypeOptions: { cost: PAGE_COST },
    edgesFieldOptions: { cost: EDGES_COST, nullable: false, description: 'The page, in the requested order.' },
    nodesOnConnection: {
      cost: NODES_COST,
      description: 'The objects of the page, in the requested order: `edges` without their cursors.',
    },
    nodeFieldOptions: { nullable: false, description: 'The object itself.' },
    cursorFieldOptions: { description: 'The position of this object in the list. Pass it as `after` or `before`.' },
    pageInfoFieldOptions: { description: 'Where the page lies in the list.' },
    firstArgOptions: {
      description: `The page size, counted from the start: 1 to ${MAX_PAGE}. It is ${DEFAULT_PAGE} when neither \`first\` nor \`last\` is given; both together are refused as \`BAD_USER_INPUT\`.`,
    },
    lastArgOptions: { description: `The page size, counted from the end: 1 to ${MAX_PAGE}.` },
    afterArgOptions: { description: 'The page begins right after this cursor.' },
    beforeArgOptions: { description: 'The page ends right before this cursor.' },
    pageInfoTypeOptions: { description: 'Where a page lies in its list, and how to request the next one.' },
    nodeTypeOptions: { description: 'An object with a global id.' },
    hasNextPageFieldOptions: { description: 'Whether there are more objects after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there are more objects before this page.' },
    startCursorFieldOptions: {
      description: 'The cursor of the first object of the page; null when the page is empty.',
    },
    endCursorFieldOptions: { description: 'The cursor of the last object of the page; null when the page is empty.' },
    nodeQueryOptions: {
      scope: 'READ',
      description: `Finds any object by its global id; null when it does not exist. A malformed id is refused as \`BAD_USER_INPUT\`.

Example:
\`node(id: "RGVwbG95bWVudDo…") { id ... on Deployment { version } }\``,
      args: { id: { description: 'The global id of the object.' } },
      resolve: (_root, { id }, { viewer }, { schema }, resolveNode) => {
        requireScopeOfType(schema, id.typename, viewer)
        return resolveNode(id)
      },
    },
    // graphql/nodes.schema.ts has a `nodes` of its own.
    nodesQueryOptions: false,
  },
  prisma: {
    // The client comes from the context of the operation, so that building the schema opens no database.
    client: ({ services }) => readingClient(services.reader),
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    onUnusedQuery: 'warn',
  },
})

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    cost: COUNT_COST,
    description: 'The number of objects in the whole list, on all pages together, as the filter selects them.',
    resolve: (page) => page.totalCount(),
  }),
)

builder.queryType({ description: 'Everything that can be read.' })
builder.mutationType({
  description:
    'Everything that can be changed. Every mutation answers with a union of its success and the errors that the caller can correct. Switch on `__typename`.',
})
builder.subscriptionType({ description: 'Everything that can be followed live, over WebSocket or Server-Sent Events.' })
