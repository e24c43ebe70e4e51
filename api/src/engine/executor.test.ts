import { buildSchema } from 'graphql'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { type Deferred, deferred } from '../base/deferred.ts'
import { requireScope, type Scope, type Viewer } from '../base/viewer.ts'
import { jsonOf } from './answer-body.ts'
import { Budgets } from './budgets.ts'
import { createGraphQLEngine } from './graphql-engine.ts'

interface TestContext {
  viewer: Viewer
}

interface TestAnswer {
  data: Record<string, unknown>
  errors: { message: string; extensions: { requestId?: string } }[]
  extensions: { cost: { remaining: number } }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** An engine whose field `slow` takes until the test ends it, so that queries meet there. */
function createEngine() {
  const slow: Deferred<string>[] = []
  const logged: { requestId?: string }[] = []
  const schema = buildSchema(
    'type Query { slow(of: String = "default"): String whoami: String marked: String mine: String bug: String }',
  )
  const resolvers: Record<string, (root: unknown, args: object, context: TestContext) => unknown> = {
    slow: async () => {
      const end = deferred<string>()
      slow.push(end)
      return await end.promise
    },
    whoami: (_root, _args, { viewer }) => viewer.name,
    marked: (_root, _args, { viewer }) => viewer.name,
    mine: (_root, _args, { viewer }) => {
      requireScope(viewer, 'DEPLOY')
      return 'yours'
    },
    bug: () => {
      throw new Error('secret detail')
    },
  }
  const fields = schema.getQueryType()?.getFields() ?? {}
  for (const [name, resolve] of Object.entries(resolvers)) Object.assign(fields[name] ?? {}, { resolve })
  Object.assign(fields['marked'] ?? {}, { extensions: { ofCaller: true } })
  const engine = createGraphQLEngine(
    { schema, createContext: (viewer) => ({ viewer }), costOf: () => 7 },
    new Budgets({ operations: { capacity: 100, perSecond: 0 }, subscriptions: { capacity: 1, perSecond: 0 } }),
    pino({ level: 'error' }, { write: (line) => logged.push(JSON.parse(line) as { requestId: string }) }),
  )
  let requests = 0
  const ask = async (
    name: string,
    query: string,
    { scopes = ['READ'], variables }: { scopes?: Scope[]; variables?: Record<string, unknown> } = {},
  ) => {
    const viewer: Viewer = { name, key: `token:${name}`, scopes: new Set(scopes) }
    requests += 1
    const prepared = await engine.prepare({ query, variables, bytes: 1 }, { viewer, requestId: `r${requests}` })
    if (!('args' in prepared)) throw new Error(String(prepared[0]))
    return JSON.parse(String(jsonOf(await prepared.execute(prepared.args)))) as TestAnswer
  }
  /** Ends all executions that have begun, and gives their number. */
  const finish = async () => {
    await settled()
    const begun = slow.splice(0)
    begun.forEach(({ resolve }, index) => resolve(`answer ${index}`))
    await settled()
    return begun.length
  }
  return { ask, finish, logged }
}

it('equal queries of several callers share an execution, and each is charged for itself', async () => {
  const { ask, finish } = createEngine()
  const first = ask('amira', '{ slow }')
  await settled()
  const others = ['amira', 'ben', 'ben'].map((name) => ask(name, '{ slow }'))
  expect([await finish(), await finish(), await finish()]).toEqual([1, 1, 0])
  const answers = await Promise.all([first, ...others])
  expect(answers.map(({ data }) => data)).toEqual(answers.map(() => ({ slow: 'answer 0' })))
  const remaining = answers.map(({ extensions }) => extensions.cost.remaining)
  expect(answers[0]?.extensions.cost).toMatchObject({ requested: 7, limit: 5_000 })
  // Two each; the first one has paid for parsing the document as well.
  expect(remaining).toEqual([83, 83, 86, 86])
})

it('queries share nothing where document, variables or scopes differ; variables that are not declared do not count', async () => {
  const { ask, finish } = createEngine()
  const query = 'query ($of: String) { slow(of: $of) }'
  const all = [ask('amira', query)]
  await settled()
  all.push(
    ask('ben', query, { variables: { other: 1 } }),
    ask('ben', query, { variables: { of: null } }),
    ask('ben', query, { variables: { of: 'a' } }),
    ask('cleo', query, { scopes: ['READ', 'TRAIN'] }),
    ask('dora', `${query} `),
  )
  // The first query and what differs from it run at once, what equals it afterwards.
  expect([await finish(), await finish()]).toEqual([5, 1])
  await Promise.all(all)
})

it('a number too large for JSON, which is written as null, is refused and fails nobody who sent null', async () => {
  const { ask, finish } = createEngine()
  const query = 'query ($of: String) { slow(of: $of) }'
  const first = ask('amira', query, { variables: { of: null } })
  await settled()
  const variables = JSON.parse('{ "of": 1e999 }') as Record<string, unknown>
  const refused = ask('mallory', query, { variables })
  const other = ask('ben', query, { variables: { of: null } })
  for (let round = 0; round < 3; round += 1) await finish()
  expect((await refused).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  expect([(await first).errors, (await other).errors]).toEqual([undefined, undefined])
})

it.each(['marked', 'whoami'])('a query whose answer says who asks is answered to each caller: %s', async (field) => {
  const { ask, finish } = createEngine()
  const first = ask('amira', `{ slow ${field} }`)
  await settled()
  const others = ['ben', 'ben', 'cleo'].map((name) => ask(name, `{ slow ${field} }`))
  const all = Promise.all([first, ...others])
  let executions = 0
  for (let round = 0; round < 6; round += 1) executions += await finish()
  expect((await all).map(({ data }) => data[field])).toEqual(['amira', 'ben', 'ben', 'cleo'])
  expect(executions).toBe(field === 'marked' ? 4 : 5)
})

it('a refusal that names its caller names each, and a bug is logged under the request of each', async () => {
  const { ask, finish, logged } = createEngine()
  const first = ask('amira', '{ slow mine bug }')
  await settled()
  const all = Promise.all([first, ...['ben', 'cleo'].map((name) => ask(name, '{ slow mine bug }'))])
  for (let round = 0; round < 6; round += 1) await finish()
  const errors = (await all).map((answer) => answer.errors)
  expect(errors.map(([first]) => first?.message)).toEqual(
    ['amira', 'ben', 'cleo'].map((name) => `This needs the scope DEPLOY; ${name} has READ.`),
  )
  const ids = errors.map(([, second]) => second?.extensions.requestId)
  expect(ids).toEqual(['r1', 'r2', 'r3'])
  expect(new Set(logged.map(({ requestId }) => requestId))).toEqual(new Set(ids))
})

it('a bug in an execution that several share is logged under the request of each', async () => {
  const { ask, finish, logged } = createEngine()
  const first = ask('amira', '{ slow bug }')
  await settled()
  const all = Promise.all([first, ...['ben', 'cleo'].map((name) => ask(name, '{ slow bug }'))])
  expect([await finish(), await finish(), await finish()]).toEqual([1, 1, 0])
  const ids = (await all).map(({ errors }) => errors[0]?.extensions.requestId)
  expect([ids, logged.map(({ requestId }) => requestId)]).toEqual([
    ['r1', 'r2', 'r3'],
    ['r1', 'r2', 'r3'],
  ])
})
