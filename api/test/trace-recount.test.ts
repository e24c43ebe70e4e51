import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { execute, parse } from 'graphql'
import { afterEach, expect, it, vi } from 'vitest'
import { encodeId } from '../src/graphql/ids.ts'
import { RequestTally } from '../src/recording/sources/simulator/request-tally.ts'
import { createSimulatedSource } from '../src/recording/sources/simulator/simulated-source.ts'
import { loadTrace } from '../src/recording/sources/simulator/trace.ts'
import { backfill } from '../src/recording/backfill.ts'
import { createApi } from '../src/schema/api.ts'
import { completedJob, createTestDeps } from './create-test-deps.ts'
import { MergedLogs } from './merged-logs.ts'

const recorded = fileURLToPath(new URL('../../../shared/data/azure-llm-inference-2023-conv.csv', import.meta.url))
const isAbsent = !existsSync(recorded)
const absent = isAbsent ? ' (skipped: ../shared/data/azure-llm-inference-2023-conv.csv is absent)' : ''

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const QUANTILES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999]

interface Window {
  at: string
  requests: number
  latency: { maxMs: number; quantiles: { q: number; valueMs: number; kind: string }[] } | null
}
interface History {
  from: string
  resolutionSeconds: number
  points: Window[]
  summary: Window
}

afterEach(() => {
  vi.restoreAllMocks()
})

it.skipIf(isAbsent)(
  `the quantiles of a recorded trace are within 1 % of those of its raw latencies in windows of 1 s, 1 min, 1 h and as a whole${absent}`,
  async () => {
    const replay = createSimulatedSource({ trace: loadTrace(recorded) })
    /** Every latency that the source has counted, by the second in which its request finished. */
    const raw = new Map<number, number[]>()
    let second = 0
    const add = RequestTally.prototype.add
    vi.spyOn(RequestTally.prototype, 'add').mockImplementation(function (this: RequestTally, request, count = 1) {
      const all = raw.get(second) ?? []
      raw.set(second, all)
      for (let n = 0; n < count; n += 1) all.push(request.latencyUs / 1000)
      add.call(this, request, count)
    })
    const source: typeof replay = {
      name: replay.name,
      measure: async (requests) => {
        const windows = []
        for (const request of requests) {
          second = request.window.startMs
          windows.push(...(await replay.measure([request])))
        }
        return windows
      },
    }
    const kind = (await testDatabaseKinds()).at(-1) ?? 'embedded'
    await using database = await createTestDatabase(kind)
    const deps = await createTestDeps(database, { source })
    const { services, recordingClock, time } = deps
    const { id } = await services.deployments.deploy(await completedJob(deps), { by: 'amira' })
    const startMs = Math.ceil(recordingClock.now() / HOUR_MS) * HOUR_MS
    time.pass(startMs + HOUR_MS + 5 * MINUTE_MS + 17 * SECOND_MS - recordingClock.now())
    await backfill(services.sampleStore, source, SECOND_MS, recordingClock.now())
    await new MergedLogs(deps).rollUp().mergeUntil(recordingClock.now())

    const { schema, createContext } = createApi(services)
    const fields = `at requests latency { maxMs quantiles(qs: [${QUANTILES.join()}]) { q valueMs kind } }`
    const document = parse(`query ($id: ID!, $from: DateTime!, $to: DateTime!, $maxPoints: Int!) { deployment(id: $id) {
      metricsHistory(from: $from, to: $to, maxPoints: $maxPoints) {
        from resolutionSeconds points { ${fields} } summary { ${fields} } } } }`)
    const history = async (fromMs: number, toMs: number, maxPoints: number) => {
      const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()]
      const variableValues = { id: encodeId('Deployment', id), from, to, maxPoints }
      const contextValue = createContext({ name: 'amira', key: 'amira', scopes: new Set(['READ']) }, 'recount')
      const { data, errors } = await execute({ schema, document, variableValues, contextValue })
      expect(errors).toBeUndefined()
      return (data as unknown as { deployment: { metricsHistory: History } }).deployment.metricsHistory
    }
    let compared = 0
    const compare = ({ requests, latency }: Window, fromMs: number, toMs: number) => {
      const sorted: number[] = []
      for (let ms = fromMs; ms < toMs; ms += SECOND_MS) sorted.push(...(raw.get(ms) ?? []))
      sorted.sort((a, b) => a - b)
      expect(requests).toBe(sorted.length)
      if (latency === null) return
      expect(latency.maxMs).toBe(sorted.at(-1))
      for (const { q, valueMs, kind: how } of latency.quantiles) {
        const exact = sorted[Math.max(1, Math.ceil(q * sorted.length - 1e-9)) - 1] ?? Number.NaN
        expect([q, how, Math.abs(valueMs / exact - 1) < 0.01]).toEqual([q, 'MEASURED', true])
        compared += 1
      }
    }
    for (const [fromMs, toMs, maxPoints, resolutionSeconds] of [
      [startMs + 20 * MINUTE_MS, startMs + 50 * MINUTE_MS, 1800, 1],
      [startMs, startMs + HOUR_MS, 60, 60],
      [startMs, startMs + HOUR_MS, 1, 3600],
      [startMs - HOUR_MS, recordingClock.now(), 3, 3600],
    ] as const) {
      const { points, summary, resolutionSeconds: given } = await history(fromMs, toMs, maxPoints)
      expect(given).toBe(resolutionSeconds)
      for (const point of points) {
        const at = Date.parse(point.at)
        compare(point, Math.max(at, fromMs), Math.min(at + given * SECOND_MS, toMs))
      }
      compare(summary, fromMs, toMs)
    }
    expect(compared).toBeGreaterThan(10_000)
  },
  60_000,
)
