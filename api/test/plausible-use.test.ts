import type { DocumentNode, SelectionSetNode } from 'graphql'
import { Kind, getIntrospectionQuery, print, validate, visit } from 'graphql'
import { describe, expect, it } from 'vitest'
import * as generated from '../../client/src/graphql/gql/graphql.ts'
import { parseWithinLimits } from '../src/engine/document-limits.ts'
import { encodeId } from '../src/graphql/ids.ts'
import { operationCost } from '../src/engine/operation-cost.ts'
import { schema } from '../src/schema/schema.ts'
import { PLAYGROUND_TABS } from '../src/server/playground-tabs.ts'
import { MAX_COST } from '../src/base/limits.ts'

const clientDocuments = Object.entries(generated).filter(([name]) => name.endsWith('Document')) as unknown as [
  string,
  DocumentNode,
][]

/** As the client's cache asks: the type of every object. */
function withTypenames(document: DocumentNode): string {
  const typename = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } } as const
  const withThem = visit(document, {
    [Kind.SELECTION_SET]: (node, _key, parent) =>
      isComplete(node, parent) ? undefined : { ...node, selections: [...node.selections, typename] },
  })
  return print(withThem)
}

function isComplete(node: SelectionSetNode, parent: unknown): boolean {
  if (typeof parent === 'object' && parent !== null && 'operation' in parent) return true
  return node.selections.some((selection) => selection.kind === Kind.FIELD && selection.name.value === '__typename')
}

function cost(text: string, variableValues: Record<string, unknown> = {}): number {
  const document = parseWithinLimits(text)
  expect(validate(schema, document)).toEqual([])
  return operationCost({ schema, document, variableValues })
}

const ID = encodeId('Deployment', '00000000-0000-4000-8000-000000000000')

const page = (fields: string) => `{ deployments(first: 100) { edges { cursor node { ${fields} } }
  pageInfo { hasNextPage endCursor } } }`

describe('the limits leave room for', () => {
  it.each(clientDocuments)('what the web client requests: %s', (_name, document) => {
    expect(cost(withTypenames(document), { first: 100 })).toBeLessThan(MAX_COST)
  })

  it.each(PLAYGROUND_TABS)("the playground's tabs", ({ query }) => {
    expect(cost(query)).toBeLessThan(MAX_COST / 4)
  })

  it("the playground's introspection, and that of other tools's", () => {
    for (const descriptions of [true, false]) {
      const options = {
        descriptions,
        inputValueDeprecation: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
      }
      expect(cost(getIntrospectionQuery({ ...options, specifiedByUrl: true, oneOf: true }))).toBeLessThan(MAX_COST)
    }
  })

  it('a page of a hundred deployments with model, job and latest metrics', () => {
    const figures = 'at requests requestsPerSecond errors errorRate inFlight latency { p50Ms p95Ms p99Ms meanMs maxMs }'
    const fields = `id version status note createdAt createdBy statusChangedAt canPause canResume canDelete
      model { id name } trainingJob { id name status finalLoss finalAccuracy } latestMetrics { ${figures} }`
    expect(cost(page(fields))).toBeLessThan(MAX_COST)
  })
})

describe('the cost of an operation', () => {
  it('grows with its pages, whichever way they are asked for', () => {
    const models = (page: string) => `{ models${page} { edges { node { name } } } }`
    expect(cost(models('(first: 100)'))).toBe(201)
    expect(cost(models('(last: 100)'))).toBe(201)
    expect(cost(models(''))).toBe(41)
    expect(cost(models('(first: null)'))).toBe(41)
    expect(cost('query ($n: Int) { models(first: $n) { edges { node { name } } } }', { n: 50 })).toBe(101)
    expect(cost('query ($n: Int = 50) { models(first: $n) { edges { node { name } } } }')).toBe(101)
    // Refused where the page is made; not cheaper for it.
    expect(cost(models('(first: -5)'))).toBe(3)
    expect(cost(models('(first: 2147483647)'))).toBe(201)
  })

  it('counts lists, histories and objects by their ids', () => {
    expect(cost(`{ nodes(ids: ["${ID}", "${ID}", "${ID}"]) { id } }`)).toBe(4)
    expect(cost(`{ deployment(id: "${ID}") { recentMetrics { at } } }`)).toBe(12)
    const history = (args: string) => `{ deployment(id: "${ID}") {
      metricsHistory(from: "2026-01-01T00:00:00Z", to: ${args}) { from } } }`
    expect(cost(history('"2026-01-01T00:30:00Z"'))).toBe(93)
    expect(cost(history('"2026-01-01T00:30:00Z", maxPoints: 2000'))).toBe(263)
    // All that is kept is read for one point.
    expect(cost(history('"2026-03-01T00:00:00Z", maxPoints: 1'))).toBe(2884)
    expect(cost('{ __type(name: "Query") { fields { name type { ...T } } } } fragment T on __Type { name kind }')).toBe(
      61,
    )
  })

  it('is that of the operation that runs, not of others in the document', () => {
    const text = 'query Small { viewer { name } } query Large { models(first: 100) { edges { node { name } } } }'
    const document = parseWithinLimits(text)
    expect(operationCost({ schema, document, operationName: 'Small' })).toBe(2)
    expect(operationCost({ schema, document, operationName: 'Large' })).toBe(201)
  })

  it('counts fragments wherever they are spread', () => {
    expect(
      cost('{ a: models { ...P } b: models { ...P } } fragment P on ModelConnection { edges { node { id } } }'),
    ).toBe(82)
  })

  it('has a mutation pay for its transaction', () => {
    expect(cost(`mutation { pauseDeployment(input: { deploymentId: "${ID}" }) { __typename } }`)).toBe(12)
  })
})
