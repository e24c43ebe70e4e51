import {
  type GraphQLField,
  type GraphQLInputType,
  execute,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  parse,
  subscribe,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { SCOPES, type Scope, type Viewer } from '../src/base/viewer.ts'
import { RefusedError } from '../src/base/errors.ts'
import { encodeId } from '../src/graphql/ids.ts'
import { schema } from '../src/schema/schema.ts'

/** Who may call what. A new root field fails here until somebody has said so a second time. */
const NEEDED: Record<string, Scope> = {
  ...mutations('DEPLOY', 'deployTrainingJob pauseDeployment resumeDeployment deleteDeployment'),
  ...mutations('DEPLOY', 'updateDeployment pauseDeployments resumeDeployments'),
  ...mutations('DEPLOY', 'updateDeploymentSource checkScrapeTarget'),
  ...mutations('REPORT', 'reportInferences'),
  ...mutations('ADMIN', 'createApiToken revokeApiToken createWebhook updateWebhook deleteWebhook'),
  ...mutations('ADMIN', 'rotateWebhookSecret sendTestWebhook redeliverWebhook'),
  'Query.webhooks': 'ADMIN',
  ...mutations('TRAIN', 'registerTrainingJob startTrainingJob updateTrainingJob cancelTrainingJob deleteTrainingJob'),
}
/** What needs a second scope, which its resolver asks for. */
const ALSO_READ = new Set(['Mutation.createWebhook', 'Mutation.updateWebhook'])
/** Everybody who is known. */
const FOR_ALL = new Set(['Query.viewer', 'Mutation.endSessions'])

function mutations(scope: Scope, names: string): Record<string, Scope> {
  return Object.fromEntries(names.split(' ').map((name) => [`Mutation.${name}`, scope]))
}

const roots = {
  query: schema.getQueryType(),
  mutation: schema.getMutationType(),
  subscription: schema.getSubscriptionType(),
}
const fields = Object.entries(roots).flatMap(([operation, type]) =>
  Object.values(type?.getFields() ?? {}).map((field) => ({
    operation: operation as keyof typeof roots,
    path: `${type?.name}.${field.name}`,
    field,
  })),
)

/** Calls a root field with nothing but what it requires, and gives the code and message of what came of it. */
async function call(operation: keyof typeof roots, field: GraphQLField<unknown, unknown>, scopes: readonly Scope[]) {
  const args = field.args.filter(({ type }) => isNonNullType(type)).map(({ name, type }) => `${name}: ${literal(type)}`)
  const selection = isLeafType(getNamedType(field.type)) ? '' : '{ __typename }'
  const source = `${operation} { ${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''} ${selection} }`
  const viewer: Viewer = { name: 'ci', key: 'token:1', scopes: new Set(scopes) }
  const run = { schema, document: parse(source), contextValue: { viewer, services: unreachable, loaders: unreachable } }
  const result = operation === 'subscription' ? await subscribe(run) : await execute(run)
  const error = 'errors' in result ? result.errors?.[0]?.originalError : undefined
  return error instanceof RefusedError && error.code === 'FORBIDDEN' ? error.message : 'allowed'
}

/** Replaces everything behind the resolvers: a call that reaches it was let through. */
const unreachable = new Proxy(
  {},
  {
    get() {
      throw new Error('reached')
    },
  },
)

/** Some value of the type, as a literal. */
function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType)
  if (isListType(type)) return '[]'
  if (isInputObjectType(type)) {
    const all = Object.values(type.getFields())
    const required = type.isOneOf ? all.slice(0, 1) : all.filter((field) => isNonNullType(field.type))
    return `{ ${required.map((field) => `${field.name}: ${literal(field.type)}`).join(', ')} }`
  }
  if (isEnumType(type)) return type.getValues()[0]?.name ?? ''
  if (type.name === 'ID') return JSON.stringify(encodeId('Deployment', '00000000-0000-7000-8000-000000000000'))
  if (type.name === 'DateTime') return '"2026-01-01T00:00:00Z"'
  return type.name === 'String' ? '"x"' : '1'
}

const needed = (path: string): Scope | undefined => NEEDED[path] ?? (path.startsWith('Mutation.') ? undefined : 'READ')

describe('every root field', () => {
  it('has a scope that was chosen deliberately', () => {
    const unthought = fields.filter(({ path }) => needed(path) === undefined && !FOR_ALL.has(path))
    expect(unthought.map(({ path }) => path)).toEqual([])
    expect(fields.length).toBeGreaterThan(20)
  })

  const guarded = fields.filter(({ path }) => !FOR_ALL.has(path))
  const matrix = guarded.flatMap((one) => SCOPES.map((held) => ({ ...one, held, name: `${one.path} with ${held}` })))

  it.each(matrix)('$name', async ({ operation, field, path, held }) => {
    const scope = needed(path)
    const lacked = held !== scope ? scope : ALSO_READ.has(path) ? 'READ' : null
    const expected = lacked === null ? 'allowed' : `This needs the scope ${lacked}; ci has ${held}.`
    expect(await call(operation, field, [held])).toBe(expected)
  })

  it.each(fields.filter(({ path }) => ALSO_READ.has(path)))(
    '$path with both its scopes',
    async ({ operation, field }) => {
      expect(await call(operation, field, ['ADMIN', 'READ'])).toBe('allowed')
    },
  )

  it.each(guarded)('$path is refused to a caller with every other scope', async ({ operation, field, path }) => {
    const others = SCOPES.filter((scope) => scope !== needed(path))
    expect(await call(operation, field, others)).toMatch(new RegExp(`^This needs the scope ${needed(path)};`))
  })

  it.each(fields.filter(({ path }) => FOR_ALL.has(path)))(
    '$path is open to every authenticated caller',
    async ({ operation, field }) => {
      expect(await call(operation, field, [])).toBe('allowed')
    },
  )
})
