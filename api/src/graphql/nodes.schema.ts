import { resolveNodes } from '@pothos/plugin-relay'
import type { GraphQLSchema } from 'graphql'
import { RefusedError } from '../base/errors.ts'
import { MAX_PAGE } from '../base/page.ts'
import type { Viewer } from '../base/viewer.ts'
import { builder } from './builder.ts'
import { IDS_COST } from './cost.ts'
import { decodeId } from './ids.ts'
import { requireScopeOfType } from './scopes-plugin.ts'

// Instead of the field of Relay's plugin, where one malformed id refuses all the others.
builder.queryField('nodes', (t) =>
  t.field({
    scope: 'READ',
    cost: IDS_COST,
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    description: `Finds up to ${MAX_PAGE} objects by their global ids, in the order of the ids; null for each one that does not exist. A malformed id, or one of a type that the viewer may not read, is null as well, with an error of its own in \`errors\`; the others are found.

Example:
\`nodes(ids: ["RGVwbG95bWVudDo…", "TW9kZWw6…"]) { id ... on Model { name } }\``,
    args: {
      ids: t.arg.idList({ required: true, description: `The global ids of the objects, at most ${MAX_PAGE}.` }),
    },
    resolve: async (_root, { ids }, context, info) => {
      if (ids.length > MAX_PAGE) {
        throw new RefusedError('BAD_USER_INPUT', `ids must hold at most ${MAX_PAGE} ids, not ${ids.length}.`)
      }
      const decoded = ids.map((id) => readableId(id, info.schema, context.viewer))
      const nodes = await resolveNodes(
        builder,
        context,
        info,
        decoded.map((id) => (id instanceof RefusedError ? null : id)),
      )
      return nodes.map((node, index) => (decoded[index] instanceof RefusedError ? decoded[index] : node))
    },
  }),
)

/** What the id stands for, or why the viewer gets nothing for it. */
function readableId(
  globalId: string,
  schema: GraphQLSchema,
  viewer: Viewer,
): ReturnType<typeof decodeId> | RefusedError {
  try {
    const id = decodeId(globalId)
    requireScopeOfType(schema, id.typename, viewer)
    return id
  } catch (error) {
    if (error instanceof RefusedError) return error
    throw error
  }
}
