import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { getNamedType, type GraphQLObjectType, isLeafType, isObjectType, isRequiredArgument } from 'graphql'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { execute, parse } from '../../test/api-graphql.ts'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { MergedLogs } from '../../test/merged-logs.ts'
import { createApi } from '../schema/api.ts'
import { MergedWindows } from './merged-windows.ts'
import { SampleStore } from './sample-store.ts'

type Answer = Record<'points' | 'summary', unknown>

describe.each(await testDatabaseKinds())('what a history reads, on %s,', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let range: { from: string; to: string; isDetailed: boolean }
  beforeAll(async () => {
    database = await createTestDatabase(kind)
    deps = await createTestDeps(database)
    const logs = new MergedLogs(deps)
    const { key } = await logs.deploy()
    await logs.fill(key, 1300, 5000)
    await logs.rollUp().mergeUntil(logs.at(1300))
    range = { from: new Date(logs.startMs).toISOString(), to: new Date(logs.at(1200)).toISOString(), isDetailed: false }
  })
  afterAll(() => database[Symbol.asyncDispose]())
  afterEach(() => {
    vi.restoreAllMocks()
  })

  async function ask(selection: string, isDetailed = false): Promise<Answer> {
    const { schema, createContext } = createApi(deps.services)
    const { data, errors } = await execute({
      schema,
      document: parse(`query ($from: DateTime!, $to: DateTime!, $isDetailed: Boolean!) {
        fleetMetricsHistory(from: $from, to: $to, maxPoints: 2) { ${selection} } other: __typename @include(if: $isDetailed)
      } fragment Latency on InferenceMetrics { latency { p95Ms } }`),
      variableValues: { ...range, isDetailed },
      contextValue: createContext({ name: 'test', key: 'test', scopes: new Set(['READ']) }, 'test'),
    })
    if (errors?.[0]) throw errors[0]
    return (data as { fleetMetricsHistory: Answer }).fleetMetricsHistory
  }

  /** Every field of the metrics, with all beneath it that needs no argument. */
  function fields(): Map<string, string> {
    const { schema } = createApi(deps.services)
    const all = (type: GraphQLObjectType) =>
      Object.values(type.getFields())
        .filter(({ args, type: of }) => !args.some(isRequiredArgument) && isLeafType(getNamedType(of)))
        .map(({ name }) => name)
    const type = schema.getType('InferenceMetrics') as GraphQLObjectType
    return new Map(
      Object.values(type.getFields()).map(({ name, type: of }) => {
        const named = getNamedType(of)
        return [name, isObjectType(named) ? `${name} { ${all(named).join(' ')} }` : name]
      }),
    )
  }

  it('is enough for each field alone: it says what it says among all others', async () => {
    const all = fields()
    const selection = [...all.values()].join(' ')
    const whole = await ask(`points { ${selection} } summary { ${selection} }`)
    expect(whole.points).toHaveLength(2)
    const only = (name: string) => (metrics: unknown) => ({ [name]: (metrics as Record<string, unknown>)[name] })
    for (const [name, asked] of all) {
      const alone = await ask(`points { ${asked} } summary { ${asked} }`)
      expect(alone).toEqual({ points: (whole.points as unknown[]).map(only(name)), summary: only(name)(whole.summary) })
    }
  })

  it.each([
    ['nothing but the range', 'from', 'counts'],
    ['rates', 'points { at requestsPerSecond errorRate tokensPerSecond }', 'counts'],
    ['latencies of the summary alone', 'points { requests } summary { latency { p99Ms } }', 'latencies'],
    ['latencies in a fragment', 'points { ...Latency }', 'latencies'],
    ['what is left out by a variable', 'points { requests sources @include(if: $isDetailed) }', 'counts'],
    ['what is skipped', 'points { requests ... @skip(if: true) { queueTime { p50Ms } } }', 'counts'],
    ['sources', 'points { requests sources }', 'all'],
    ['another distribution', 'points { timeToFirstToken { p50Ms } }', 'all'],
  ])('is no more than is asked for: %s', async (_what, selection, part) => {
    const read = vi.spyOn(MergedWindows.prototype, 'range')
    await ask(selection)
    expect(new Set(read.mock.calls.map(([asked]) => asked.part))).toEqual(new Set([part]))
  })

  it('is where the log continues only where that is asked', async () => {
    const { schema, createContext } = createApi(deps.services)
    const read = vi.spyOn(SampleStore.prototype, 'at')
    const of = async (selection: string) => {
      const { data, errors } = await execute({
        schema,
        document: parse(`query ($from: DateTime!, $to: DateTime!) { deployments(first: 1) { edges { node {
          metricsHistory(from: $from, to: $to, maxPoints: 2) { ${selection} } } } } }`),
        variableValues: range,
        contextValue: createContext({ name: 'test', key: 'test', scopes: new Set(['READ']) }, 'test'),
      })
      if (errors?.[0]) throw errors[0]
      return JSON.stringify(data)
    }
    await of('points { requests }')
    expect(read).not.toHaveBeenCalled()
    expect(await of('points { requests } ... on InferenceMetricsHistory { end: endCursor }')).toMatch(/"end":"\w+/)
    expect(read).toHaveBeenCalled()
  })

  it('is what is asked for by a variable', async () => {
    const read = vi.spyOn(MergedWindows.prototype, 'range')
    await ask('points { requests sources @include(if: $isDetailed) }', true)
    expect(read.mock.calls[0]?.[0].part).toBe('all')
  })
})
