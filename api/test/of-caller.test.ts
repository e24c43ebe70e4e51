import { type GraphQLObjectType, isObjectType } from 'graphql'
import { expect, it } from 'vitest'
import { ALL_SCOPES, anyViewerWith } from '../src/base/viewer.ts'
import { schema } from '../src/schema/schema.ts'

/** Stands for whatever a resolver is given: every property of it is the same again. To call it ends the resolver. */
const anything: object = new Proxy(() => undefined, {
  get: (_target, property) => (property === 'then' || typeof property === 'symbol' ? undefined : anything),
  apply: () => {
    throw new Error('Called with what it needs.')
  },
})

/** What a field reads of its viewer beside the scopes, until something is not as it expects. */
async function readsCaller(type: GraphQLObjectType, name: string): Promise<boolean> {
  let hasRead = false
  const viewer = anyViewerWith(ALL_SCOPES, () => (hasRead = true))
  const field = type.getFields()[name]
  const context = { viewer, services: anything, loaders: anything, pages: anything, lane: 'all' }
  try {
    await field?.resolve?.(anything, anything, context, anything as never)
  } catch {
    // What it was given is nothing it can go on with.
  }
  return hasRead
}

it('Every field of a query that reads more of its caller than the scopes says so, so that it is not shared.', async () => {
  const others = [schema.getMutationType(), schema.getSubscriptionType()]
  const types = Object.values(schema.getTypeMap()).filter(isObjectType)
  const fields = types
    .filter((type) => !others.includes(type) && !type.name.startsWith('__'))
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
  const unmarked = []
  for (const { type, field } of fields) {
    if (field.extensions['ofCaller'] === true) continue
    if (await readsCaller(type, field.name)) unmarked.push(`${type.name}.${field.name}`)
  }
  expect(unmarked).toEqual([])
  // The walk sees such a field where there is one.
  const mutation = schema.getMutationType()
  expect(mutation && (await readsCaller(mutation, 'endSessions'))).toBe(true)
  expect(fields.filter(({ field }) => field.extensions['ofCaller'] === true).map(({ field }) => field.name)).toEqual([
    'viewer',
  ])
})
