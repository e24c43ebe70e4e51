import SchemaBuilder from '@pothos/core'
import { type ExecutionResult, graphql } from 'graphql'
import { describe, expect, it } from 'vitest'
import { SCOPES, type Scope, type Viewer } from '../base/viewer.ts'
import './scopes-plugin.ts'

const thing = { name: 'a thing' }

const NO_DATABASE = {} as never

function build(secretScope: Scope | undefined = 'ADMIN') {
  const builder = new SchemaBuilder<{ Context: { viewer: Viewer } }>({ plugins: ['scopes'], prisma: NO_DATABASE })
  const Node = builder
    .interfaceRef<typeof thing>('Node')
    .implement({ fields: (t) => ({ id: t.string({ resolve: () => 'x' }) }) })
  const Thing = builder.objectRef<typeof thing>('Thing')
  Thing.implement({
    interfaces: [Node],
    isTypeOf: () => true,
    fields: (t) => ({
      name: t.exposeString('name'),
      part: t.field({ type: Thing, resolve: () => thing }),
      parts: t.field({ type: [Node], resolve: () => [thing] }),
      free: t.field({ type: Thing, scope: null, resolve: () => thing }),
      dear: t.string({ scope: 'TRAIN', resolve: () => 'dear' }),
    }),
  })
  const Secret = builder.objectRef<typeof thing>('Secret')
  Secret.implement({ ...(secretScope && { scope: secretScope }), fields: (t) => ({ name: t.exposeString('name') }) })
  builder.queryType({
    fields: (t) => ({
      read: t.field({ scope: 'READ', type: Thing, resolve: () => thing }),
      open: t.field({ scope: null, type: Thing, resolve: () => thing }),
      secret: t.field({ scope: null, type: Secret, resolve: () => thing }),
    }),
  })
  return builder
}

async function ask(source: string, ...scopes: Scope[]): Promise<ExecutionResult> {
  const viewer: Viewer = { name: 'ci', key: 'token:1', scopes: new Set(scopes) }
  return await graphql({ schema: build().toSchema(), source, contextValue: { viewer } })
}

async function messages(source: string, ...scopes: Scope[]): Promise<string[]> {
  return ((await ask(source, ...scopes)).errors ?? []).map(({ message }) => message)
}

describe('a field', () => {
  it('at the root without a scope keeps the schema from being built', () => {
    const builder = build()
    // TypeScript would refuse it.
    const fieldWithout = { type: 'String', resolve: () => 'x' } as unknown as {
      scope: null
      type: 'String'
      resolve: () => string
    }
    builder.queryField('forgotten', (t) => t.field(fieldWithout))
    expect(() => builder.toSchema()).toThrow('Query.forgotten must declare its scope')
  })

  it('is refused without its scope, with the needed scope and those of the caller', async () => {
    expect(await messages('{ read { name } }', 'DEPLOY', 'TRAIN')).toEqual([
      'This needs the scope READ; ci has DEPLOY, TRAIN.',
    ])
    expect(await messages('{ read { name } }')).toEqual(['This needs the scope READ; ci has none.'])
    expect(await messages('{ read { name dear } }', 'READ')).toEqual(['This needs the scope TRAIN; ci has READ.'])
    expect(await messages('{ read { name dear } }', 'READ', 'TRAIN')).toEqual([])
  })

  it('says in its description which scope it needs, before any example', () => {
    const builder = build()
    const description = 'Reads it.\n\nExample:\n`described`'
    builder.queryField('described', (t) => t.string({ scope: 'READ', description, resolve: () => 'x' }))
    const fields = builder.toSchema().getQueryType()?.getFields()
    expect(fields?.['read']?.description).toBe('Needs the scope READ.')
    expect(fields?.['described']?.description).toBe('Reads it. Needs the scope READ.\n\nExample:\n`described`')
  })

  it('that leads from an object with an id to another object needs READ', async () => {
    expect(await messages('{ open { id name } }')).toEqual([])
    expect(await messages('{ open { part { name } } }')).toEqual(['This needs the scope READ; ci has none.'])
    expect(await messages('{ open { parts { id } } }')).toEqual(['This needs the scope READ; ci has none.'])
    expect(await messages('{ open { free { name } } }')).toEqual([])
    expect(await messages('{ open { part { name } parts { id } } }', 'READ')).toEqual([])
  })

  it('of a type with a scope needs the scope of the type', async () => {
    const others = SCOPES.filter((scope) => scope !== 'ADMIN')
    expect(await messages('{ secret { name } }', ...others)).toEqual([
      'This needs the scope ADMIN; ci has READ, DEPLOY, TRAIN, REPORT.',
    ])
    expect(await ask('{ secret { name } }', 'ADMIN')).toEqual({ data: { secret: { name: 'a thing' } } })
  })
})
