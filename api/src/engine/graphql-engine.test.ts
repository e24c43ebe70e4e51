import { buildSchema, parse } from 'graphql'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { ALL_SCOPES } from '../base/viewer.ts'
import { LatestValue } from '../fanout/latest-value.ts'
import { jsonOf } from './answer-body.ts'
import { Budgets } from './budgets.ts'
import { createGraphQLEngine } from './graphql-engine.ts'

const context = { viewer: { name: 'amira', scopes: ALL_SCOPES, key: 'admin' }, requestId: 'r1' }

function createEngine() {
  let parses = 0
  const engine = createGraphQLEngine(
    {
      schema: buildSchema('type Query { a: String } type Subscription { b: String }'),
      createContext: (viewer, requestId) => ({ viewer, requestId }),
      plugins: [
        {
          onParse: ({ setParseFn }) =>
            setParseFn((source: string) => {
              parses += 1
              return parse(source)
            }),
        },
      ],
    },
    new Budgets(),
    pino({ level: 'silent' }),
  )
  return { engine, parses: () => parses }
}

/** Of a request; no test is near the limit. */
const bytes = 1

describe('the engine', () => {
  it('caches parsed documents, except large ones', async () => {
    const { engine, parses } = createEngine()
    await engine.prepare({ query: '{ a }', bytes }, context)
    await engine.prepare({ query: '{ a }', bytes }, context)
    expect(parses()).toBe(1)
    const large = `{ a } # ${'x'.repeat(20_000)}`
    await engine.prepare({ query: large, bytes }, context)
    await engine.prepare({ query: large, bytes }, context)
    expect(parses()).toBe(3)
  })

  it('parses an invalid document anew each time, so that nothing is kept of it', async () => {
    const { engine, parses } = createEngine()
    for (const query of ['{ nothing }', '{ nothing }', '{ a', '{ a']) await engine.prepare({ query, bytes }, context)
    expect(parses()).toBe(4)
  })

  it('runs a prepared operation with the context that was made for it', async () => {
    const { engine } = createEngine()
    const prepared = await engine.prepare({ query: '{ a }', bytes }, context)
    if (!('args' in prepared)) throw new Error('not prepared')
    const rootValue = { a: (_args: object, { viewer, requestId }: typeof context) => `${viewer.name} ${requestId}` }
    const text = await prepared.execute({ ...prepared.args, rootValue })
    expect(String(jsonOf(text))).toBe('{"data":{"a":"amira r1"}}')
  })

  it('answers a subscription with a member of a group, and a field without a shared source with an error', async () => {
    const { engine } = createEngine()
    const prepared = await engine.prepare({ query: 'subscription { b }', bytes }, context)
    if (!('args' in prepared)) throw new Error('not prepared')
    const value = new LatestValue()
    const shared = await prepared.subscribe({ ...prepared.args, rootValue: { b: () => value.watch() } })
    if (shared.kind !== 'shared') throw new Error('not shared')
    await shared.member.return()
    expect([value.watchers, engine.shared.counts]).toEqual([0, { groups: 0, members: 0 }])
    async function* b() {
      yield { b: 'c' }
    }
    expect(await prepared.subscribe({ ...prepared.args, rootValue: { b } })).toMatchObject({
      kind: 'text',
      text: { body: { errors: [{ extensions: { code: 'INTERNAL', requestId: 'r1' } }] } },
    })
  })

  it('answers with an error when execution itself throws', async () => {
    const { engine } = createEngine()
    const prepared = await engine.prepare({ query: '{ a }', bytes }, context)
    if (!('args' in prepared)) throw new Error('not prepared')
    const broken = { ...prepared.args, schema: buildSchema('type Nothing { a: String }') }
    expect((await prepared.execute(broken)).body).toMatchObject({
      errors: [{ extensions: { code: 'INTERNAL', requestId: 'r1' } }],
    })
  })
})
