import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DOCUMENT_LIMITS, MAX_COST } from '../src/base/limits.ts'
import { ATTACK_TRANSPORTS, ask } from './attack-clients.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'

interface Attack {
  attack: string
  query: string
  code: string
  /** What the refusal must name. */
  limit?: keyof typeof DOCUMENT_LIMITS | 'cost'
  asked?: number | string
}

const times = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i)).join(' ')
/** `depth` fields within fields: deployments → edges → node → model → deployments … */
function nested(depth: number): string {
  const names = ['deployments(first: 1)', 'edges', 'node', 'model']
  const path = Array.from({ length: depth }, (_, i) => names[i % names.length] ?? '')
  return path.reduceRight((inner, name) => `${name} { ${inner} }`, '__typename')
}

const ATTACKS: Attack[] = [
  { attack: 'too many tokens', query: `{ ${times(2_001, () => 'x')} }`, code: 'LIMIT_EXCEEDED', limit: 'tokens' },
  {
    attack: 'brackets nested beyond the stack of a parser',
    query: `{ viewer(x: ${'['.repeat(20_000)}`,
    code: 'LIMIT_EXCEEDED',
    limit: 'nesting',
  },
  {
    attack: 'braces nested beyond the stack of a parser',
    query: '{a'.repeat(30_000),
    code: 'LIMIT_EXCEEDED',
    limit: 'nesting',
  },
  { attack: 'depth', query: `{ ${nested(15)} }`, code: 'LIMIT_EXCEEDED', limit: 'depth', asked: 15 },
  {
    attack: 'depth through fragments',
    query: `{ ...A } fragment A on Query { ${nested(12).replace('__typename', '...B')} }
      fragment B on Deployment { model { deployments { edges { cursor } } } }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'depth',
    asked: 15,
  },
  {
    attack: 'aliases',
    query: `{ ${times(31, (i) => `a${i}: viewer { name }`)} }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'aliases',
    asked: 31,
  },
  {
    attack: '__typename, again and again',
    query: `{ ${times(31, () => '__typename')} }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'aliases',
    asked: 31,
  },
  {
    attack: '__typename, again and again, in one of many objects',
    query: `{ deployments { pageInfo { ${times(31, () => '__typename')} } } viewer { __typename } }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'aliases',
    asked: 31,
  },
  {
    attack: '__typename, each in a fragment of its own',
    query: `{ ${times(101, () => '... { __typename }')} }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'comparisons',
    asked: 101 ** 2,
  },
  {
    attack: '__typename, again and again by one fragment',
    query: `{ ${times(101, () => '...A')} } fragment A on Query { __typename }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'comparisons',
    asked: 101 ** 2,
  },
  {
    attack: '__typename in each of a thousand objects',
    query: `{ ...A } ${times(31, (i) => `fragment F${i} on Query { viewer { __typename } }`)}
      fragment A on Query { ${times(31, (i) => times(20, () => `...F${i}`))} }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'selections',
  },
  {
    attack: 'aliases multiplied by fragments',
    query: `{ ${times(4, () => '...A')} } fragment A on Query { ${times(8, (i) => `a${i}: __typename`)} }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'aliases',
    asked: 32,
  },
  {
    attack: 'directives',
    query: `{ viewer { name ${times(21, () => '@include(if: true)')} } }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'directives',
    asked: 21,
  },
  {
    attack: 'fragments',
    query: `{ ...F0 } ${times(33, (i) => `fragment F${i} on Query { viewer { name } }`)}`,
    code: 'LIMIT_EXCEEDED',
    limit: 'fragments',
    asked: 33,
  },
  {
    attack: 'fragments that double at every step',
    query: `{ ...F0 } ${times(31, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)}`,
    code: 'LIMIT_EXCEEDED',
    limit: 'selections',
  },
  {
    attack: 'fragments in a circle',
    query: '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    attack: 'a fragment within itself that nothing uses',
    query: '{ viewer { name } } fragment A on Query { viewer { name } ...A }',
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    attack: 'two fragments of one name',
    query: '{ ...A } fragment A on Query { viewer { name } } fragment A on Query { __typename }',
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    attack: 'fields of one name, which validation compares each with each',
    query: `{ ${times(400, () => 'viewer { name }')} }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'comparisons',
    asked: 2 * 400 ** 2,
  },
  {
    attack: 'the same beside a subscription in the document',
    query: `subscription S { fleetMetrics { at } } query Q { ${times(400, () => 'viewer { name }')} }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'comparisons',
  },
  {
    attack: 'a hundred of a hundred',
    query: '{ models(first: 100) { edges { node { deployments(first: 100) { edges { node { id } } } } } } }',
    code: 'LIMIT_EXCEEDED',
    limit: 'cost',
  },
  {
    attack: 'a hundred of a hundred, from the end',
    query: '{ models(last: 100) { edges { node { deployments(last: 100) { edges { node { id } } } } } } }',
    code: 'LIMIT_EXCEEDED',
    limit: 'cost',
  },
  {
    attack: 'a subscription that costs too much',
    query: `subscription { deploymentEvents { event { deployment {
      model { deployments(first: 100) { edges { node { model { deployments(first: 100) { edges { cursor } } } } } } } } } } }`,
    code: 'LIMIT_EXCEEDED',
    limit: 'cost',
  },
]

describe.each((await testDatabaseKinds()).slice(0, 1))('attacks', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  describe.each(ATTACK_TRANSPORTS)('over %s', (transport) => {
    it.each(ATTACKS)('$attack: $code $limit', async ({ query, code, limit, asked }) => {
      const { data, errors } = await ask(transport, app.origin, query)
      expect({ data: data ?? null, errors }).toMatchObject({ data: null, errors: [{ extensions: { code } }] })
      if (limit !== undefined) {
        const max = limit === 'cost' ? MAX_COST : DOCUMENT_LIMITS[limit]
        expect(errors?.[0]?.extensions).toMatchObject({ limit, max, asked: asked ?? expect.anything() })
        expect(errors?.[0]?.message).toContain(`at most ${max}; asked: ${String(errors?.[0]?.extensions['asked'])}`)
      }
      // And it still answers, everywhere.
      for (const other of ATTACK_TRANSPORTS) {
        expect(await ask(other, app.origin, '{ viewer { name } }')).toMatchObject({
          data: { viewer: { name: 'admin' } },
        })
      }
    })
  })
})
