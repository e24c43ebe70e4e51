import { buildSchema, type GraphQLSchema } from 'graphql'

/** The data behind the fields of the schema. */
export interface EntriesFields {
  entries: (after: number | undefined) => unknown
  state: () => unknown
  /** Called for each execution of `entries`. */
  onExecute: () => void
  slow: (sequence: number) => unknown
  /** What does not belong to an entry: the name of its owner, as it is when it is asked for. */
  owner?: () => unknown
}

/** A log and a state to subscribe to, with fields that take long, fail, or depend on the caller's access. */
export function entriesSchema({ entries, state, onExecute, slow, owner }: EntriesFields): GraphQLSchema {
  const schema = buildSchema(`
    type Query { nothing: Int }
    scalar SampleCursor
    type Entry { sequence: Int! skipped: Int! slow: Int! broken: Int secret: String! owner: Owner! }
    type Owner { name: String! }
    type State { value: String! }
    type Subscription { entries(of: String, after: SampleCursor): Entry! state: State! }
  `)
  const fieldsOf = (type: string) =>
    (schema.getType(type) as unknown as { getFields(): Record<string, object> }).getFields()
  const set = (type: string, field: string, functions: object) => Object.assign(fieldsOf(type)[field] ?? {}, functions)
  Object.assign(schema.getType('SampleCursor') ?? {}, { extensions: { isCursor: true } })
  for (const type of ['Entry', 'State']) Object.assign(schema.getType(type) ?? {}, { extensions: { ofPosition: true } })
  set('Subscription', 'entries', {
    subscribe: (_root: unknown, { after }: { after?: number }) => entries(after),
    resolve: (payload: unknown) => {
      onExecute()
      return payload
    },
  })
  set('Subscription', 'state', { subscribe: () => state(), resolve: (payload: unknown) => payload })
  set('Entry', 'slow', { resolve: ({ sequence }: { sequence: number }) => slow(sequence) })
  set('Entry', 'owner', { resolve: () => ({}) })
  set('Owner', 'name', { resolve: () => owner?.() })
  set('Entry', 'broken', {
    resolve: () => {
      throw new Error('what nobody may see')
    },
  })
  set('Entry', 'secret', { resolve: (_: unknown, __: unknown, { access }: { access: string }) => access })
  return schema
}
