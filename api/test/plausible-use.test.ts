import { InMemoryCache } from '@apollo/client'
import type { DocumentNode, SelectionSetNode } from 'graphql'
import { Kind, getIntrospectionQuery, parse, print, validate, visit } from 'graphql'
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
  return operationCost({ schema, document, variableValues }, FACTS)
}

const FACTS = { nowMs: Date.UTC(2026, 5, 1), activeDeployments: 200 }
const ID = encodeId('Deployment', '00000000-0000-4000-8000-000000000000')

const page = (fields: string) => `{ deployments(first: 100) { edges { cursor node { ${fields} } }
  pageInfo { hasNextPage endCursor } } }`

describe('the limits leave room for', () => {
  it.each(clientDocuments)('the documents of the web client: %s', (_name, document) => {
    expect(cost(withTypenames(document), { first: 100 })).toBeLessThan(MAX_COST)
  })

  it.each(PLAYGROUND_TABS)("the playground's tabs", ({ query }) => {
    expect(cost(query)).toBeLessThan(MAX_COST / 4)
  })

  it('the introspection of the playground and of other tools', () => {
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

  it('a dashboard of more than thirty objects, as Apollo Client sends it, without an alias', () => {
    const page = (fields: string) => `(first: 5) { pageInfo { endCursor } edges { node { ${fields} } } }`
    const text = print(
      new InMemoryCache().transformDocument(
        parse(`query Dashboard {
          viewer { name } deploymentCounts { total }
          deployments${page(`...Card trainingJob { ...Job } events${page('kind by')}`)}
          trainingJobs${page('...Job activeDeployment { ...Card }')}
          models${page(`name deployments${page('version')} trainingJobs${page('name')}`)}
          deploymentEvents${page('kind by deployment { ...Card }')}
        }
        fragment Card on Deployment { id model { name } latestMetrics { at latency { p99Ms } } }
        fragment Job on TrainingJob { id model { name } lossCurve { loss } deployability { canDeploy } }`),
      ),
    )
    expect(text.match(/__typename/g)?.length).toBeGreaterThan(30)
    expect(cost(text)).toBeLessThan(MAX_COST)
  })

  it('a page of a hundred deployments with model, job and latest metrics', () => {
    const figures = 'at requests requestsPerSecond errors errorRate inFlight latency { p50Ms p95Ms p99Ms meanMs maxMs }'
    const fields = `id version status note createdAt createdBy statusChangedAt canPause canResume canDelete
      model { id name } trainingJob { id name status finalLoss finalAccuracy } latestMetrics { ${figures} }`
    expect(cost(page(fields))).toBeLessThan(MAX_COST)
  })
})

describe('the cost of an operation', () => {
  it('grows with the size of its pages, in either direction', () => {
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
    expect(cost(history('"2026-01-01T00:30:00Z"'))).toBe(51)
    expect(cost(history('"2026-01-01T00:30:00Z", maxPoints: 2000'))).toBe(263)
    // Few long windows are read for one point.
    expect(cost(history('"2026-03-01T00:00:00Z", maxPoints: 1'))).toBe(10)
    expect(cost('{ __type(name: "Query") { fields { name type { ...T } } } } fragment T on __Type { name kind }')).toBe(
      61,
    )
  })

  it('counts only the operation that runs, not others in the document', () => {
    const text = 'query Small { viewer { name } } query Large { models(first: 100) { edges { node { name } } } }'
    const document = parseWithinLimits(text)
    expect(operationCost({ schema, document, operationName: 'Small' }, FACTS)).toBe(2)
    expect(operationCost({ schema, document, operationName: 'Large' }, FACTS)).toBe(201)
  })

  it('counts a fragment each time it is spread', () => {
    expect(
      cost('{ a: models { ...P } b: models { ...P } } fragment P on ModelConnection { edges { node { id } } }'),
    ).toBe(82)
  })

  it('charges a mutation for its transaction', () => {
    expect(cost(`mutation { pauseDeployment(input: { deploymentId: "${ID}" }) { __typename } }`)).toBe(12)
  })
})
