import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { plainMetrics } from '../../test/plain-metrics.ts'
import { randomMetrics } from '../../test/random-metrics.ts'
import { sampleOf } from '../../test/sample-of.ts'
import { MetricsMerger, type MetricsSummary } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'
import type { History } from './history.ts'
import { HistoryStore } from './history-store.ts'
import { RESOLUTIONS_MS } from './merged-window.ts'
import { MergedWindows } from './merged-windows.ts'
import { ResolutionStore } from './resolution-store.ts'
import { RollUp } from './resolutions.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** What is recorded. */
const SPAN = 130 * MINUTE

/** Two versions of a model and one of another, over two hours: with a pause, a deletion and rare requests. */
describe.each(await testDatabaseKinds())('the history of merged windows on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let startMs: number
  let deployments: { id: string; key: number; modelId: string; samples: Sample[] }[]

  beforeAll(async () => {
    database = await createTestDatabase(kind)
    deps = await createTestDeps(database)
    startMs = deps.time.wallMs + 7 * MINUTE + 3 * SECOND
    deployments = []
    for (const model of ['a', 'a', 'b']) deployments.push(await recorded(model))
    deps.time.pass(startMs + SPAN - deps.time.wallMs + 2 * SECOND)
    await rollUp().mergeUntil(deps.recordingClock.now())
  }, 120_000)
  afterAll(() => database[Symbol.asyncDispose]())
  afterEach(() => {
    vi.restoreAllMocks()
  })

  async function recorded(model: string) {
    const { services } = deps
    const jobId = await completedJob(deps, model, `job ${deployments.length}`)
    const { id, key, modelId } = await services.deployments.deploy(jobId, { by: 'amira' })
    const random = new Random(seedOf(`${deployments.length}`))
    const others = new Random(seedOf('what else was measured'))
    const samples: Sample[] = []
    for (let ms = 0; ms < SPAN; ms += SECOND) {
      // Nothing is recorded for twenty minutes.
      if (deployments.length === 0 && ms >= 40 * MINUTE && ms < 60 * MINUTE) continue
      samples.push(
        sampleOf({
          // Of one, that is enough: what is merged of all takes its time.
          ...(deployments.length === 0 && randomMetrics(others)),
          deploymentKey: key,
          sequence: samples.length + 1,
          windowStartMs: startMs + ms,
          latenciesMs: Array.from({ length: random.poisson(0.7) }, () => 20 * Math.exp(random.gaussian())),
          inFlight: Math.floor(random.between(0, 9)),
        }),
      )
    }
    for (let at = 0; at < samples.length; at += 1000) await services.sampleStore.store(samples.slice(at, at + 1000))
    return { id, key, modelId, samples }
  }

  const rollUp = () =>
    new RollUp({
      store: new ResolutionStore(
        database,
        RESOLUTIONS_MS.map((resolutionMs) => ({ table: 'merged_windows', resolutionMs, widthMs: 86_400_000 })),
      ),
      recent: () => [],
      clock: deps.recordingClock,
      onStall: (error) => expect.fail(String(error)),
      onRecovery: () => undefined,
      onError: (error) => expect.fail(String(error)),
      sleep: () => Promise.resolve(),
    })

  /** What the samples themselves say of [fromMs, toMs): `widthMs` from its multiples. */
  function truth(of: readonly number[], fromMs: number, toMs: number, widthMs: number) {
    const total = new MetricsMerger()
    const points = new Map<number, MetricsMerger>()
    const seconds = new Map<number, Set<number>>()
    for (const sample of of.flatMap((n) => deployments[n]!.samples)) {
      if (sample.windowStartMs < fromMs || sample.windowStartMs >= toMs) continue
      const at = Math.floor(sample.windowStartMs / widthMs) * widthMs
      const point = points.get(at) ?? new MetricsMerger()
      points.set(at, point)
      seconds.set(at, (seconds.get(at) ?? new Set()).add(sample.windowStartMs))
      point.add(sample, 'last')
      total.add(sample, 'last')
    }
    const covered = [...seconds.values()].reduce((sum, { size }) => sum + size * SECOND, 0)
    return {
      points: [...points]
        .toSorted(([a], [b]) => a - b)
        .map(([at, merger]) => figures(merger.summary(at, widthMs, (seconds.get(at)?.size ?? 0) * SECOND))),
      summary: figures(total.summary(fromMs, toMs - fromMs, covered)),
    }
  }

  /** Sums of floats depend on their order, and states are compared by themselves. */
  function figures(metrics: MetricsSummary) {
    const { latencySumMs, inFlight: _, waiting: _waiting, kvCacheUsage: _usage, ...rest } = plainMetrics(metrics)
    return { ...rest, latencySumMs: Math.round(latencySumMs ?? 0) }
  }
  const shown = ({ points, summary }: History) => ({ points: points.map(figures), summary: figures(summary) })

  const ofDeployment = (n: number, fromMs: number, toMs: number | undefined, maxPoints: number) =>
    deps.services.metricsHistory.ofDeployment(deployments[n]!.key, { fromMs, toMs, maxPoints })
  const range = (fromMs: number, toMs: number | undefined, maxPoints = 300) => ({ fromMs, toMs, maxPoints })
  /** Rows that are read from now on. */
  const counted = () => {
    const rows = { samples: 0, windows: 0 }
    const counting = <Row>(name: keyof typeof rows, chunks: AsyncGenerator<Row[]>) =>
      (async function* () {
        for await (const chunk of chunks) {
          rows[name] += chunk.length
          yield chunk
        }
      })()
    const { samples } = HistoryStore.prototype
    const { range: windows } = MergedWindows.prototype
    vi.spyOn(HistoryStore.prototype, 'samples').mockImplementation(function (this: HistoryStore, ...asked) {
      return counting('samples', samples.apply(this, asked))
    })
    vi.spyOn(MergedWindows.prototype, 'range').mockImplementation(function (this: MergedWindows, ...asked) {
      return counting('windows', windows.apply(this, asked))
    })
    return rows
  }

  it('is what the samples say, to the last request and latency, of any range in any number of points', async () => {
    const random = new Random(seedOf('ranges'))
    for (let round = 0; round < 40; round += 1) {
      const fromMs = startMs + Math.floor(random.between(-600, 7700)) * SECOND
      const toMs = fromMs + Math.ceil(10 ** random.between(0, 3.9)) * SECOND
      const maxPoints = Math.ceil(2000 ** random.between(0, 1))
      const result = await ofDeployment(0, fromMs, toMs, maxPoints)
      expect(result).toMatchObject({ fromMs, toMs })
      expect([round, shown(result)]).toEqual([round, truth([0], fromMs, toMs, result.resolutionMs)])
      const within = deployments[0]!.samples.filter(({ windowStartMs }) => windowStartMs < toMs)
      const inside = within.filter(({ windowStartMs }) => windowStartMs >= fromMs)
      expect(result.endSequence).toBe(within.at(-1)?.sequence ?? 0)
      expect(result.endSample?.sequence ?? 0).toBe(result.endSequence)
      expect(result.points.at(-1)?.inFlight).toBe(inside.at(-1)?.inFlight)
    }
  })

  it('reads few rows, and never lacks what is not merged yet', async () => {
    const rows = counted()
    const result = await ofDeployment(1, startMs, undefined, 20)
    expect(result).toMatchObject({ resolutionMs: 10 * MINUTE, toMs: startMs + SPAN + 2 * SECOND })
    expect(shown(result)).toEqual(truth([1], startMs, result.toMs, 10 * MINUTE))
    expect(rows.samples + rows.windows).toBeLessThan(100)
    // The newest minute.
    expect(rows.samples).toBeGreaterThan(0)
  })

  it('of a model and of the fleet is of all their deployments, with the newest part from the members', async () => {
    const { history, metricsHistory, models } = deps.services
    const model = (await models.byName('a'))!
    for (const [fromMs, toMs, maxPoints] of [
      [startMs + 57 * SECOND, undefined, 300],
      [startMs + 57 * SECOND, startMs + HOUR + 57 * SECOND, 30],
      [startMs + 30 * MINUTE, startMs + 31 * MINUTE, 300],
      [startMs + 30 * MINUTE, startMs + 35 * MINUTE, 300],
    ] as const) {
      const ofModel = await history.ofModel(model, range(fromMs, toMs, maxPoints))
      expect(shown(ofModel)).toEqual(truth([0, 1], ofModel.fromMs, ofModel.toMs, ofModel.resolutionMs))
      const byFilter = await history.ofFleet({ model: 'a' }, range(fromMs, toMs, maxPoints))
      expect(shown(byFilter)).toEqual(shown(ofModel))
      const ofFleet = await history.ofFleet({}, range(fromMs, toMs, maxPoints))
      expect(shown(ofFleet)).toEqual(truth([0, 1, 2], ofFleet.fromMs, ofFleet.toMs, ofFleet.resolutionMs))
      expect(ofFleet.fromMs).toBeLessThanOrEqual(fromMs)
      expect(ofFleet.toMs).toBeGreaterThanOrEqual(toMs ?? deps.recordingClock.now())
      const some = await history.ofFleet(
        { ids: [deployments[0]!.id, deployments[2]!.id] },
        range(fromMs, toMs, maxPoints),
      )
      expect(shown(some)).toEqual(truth([0, 2], some.fromMs, some.toMs, some.resolutionMs))
    }
    const none = await history.ofFleet({ search: 'nobody' }, range(startMs, undefined))
    expect(none).toMatchObject({ points: [], summary: { requests: 0, coveredMs: 0 }, deploymentId: null })
    expect(metricsHistory).toBeDefined()
  })

  it('adds what is in flight up over deployments, as of the end of each point', async () => {
    const fromMs = Math.ceil((startMs + 70 * MINUTE) / MINUTE) * MINUTE
    const { points } = await deps.services.history.ofFleet({}, range(fromMs, fromMs + 10 * MINUTE, 10))
    const at = (ms: number) =>
      deployments.reduce(
        (sum, { samples }) => sum + (samples.find(({ windowStartMs }) => windowStartMs === ms)?.inFlight ?? 0),
        0,
      )
    expect(points.map(({ inFlight }) => inFlight)).toEqual(points.map(({ atMs }) => at(atMs + MINUTE - SECOND)))
  })

  // From here on, things go.
  it('keeps deleted deployments in their model and the fleet', async () => {
    const { history, models, deployments: service } = deps.services
    await service.pause(deployments[1]!.id, { by: 'amira' })
    await service.delete(deployments[1]!.id, { by: 'amira' })
    deps.time.pass(2 * HOUR)
    await rollUp().mergeUntil(deps.recordingClock.now())
    const [fromMs, toMs] = [startMs - 3 * SECOND, startMs - 3 * SECOND + 2 * HOUR]
    const ofModel = await history.ofModel((await models.byName('a'))!, range(fromMs, toMs, 120))
    expect(shown(ofModel)).toEqual(truth([0, 1], fromMs, toMs, MINUTE))
    const all = await history.ofFleet({}, range(fromMs, toMs, 120))
    expect(shown(all)).toEqual(truth([0, 1, 2], fromMs, toMs, MINUTE))
  })

  it('is drawn from longer windows where the short ones are gone, and says so', async () => {
    await database.pool.query(`delete from samples where window_start < to_timestamp($1::float8 / 1000)`, [
      startMs + 100 * MINUTE,
    ])
    const late = await ofDeployment(2, startMs + 110 * MINUTE, startMs + 111 * MINUTE, 300)
    expect(late.resolutionMs).toBe(SECOND)
    const early = await ofDeployment(2, startMs + 11 * SECOND, startMs + 61 * SECOND, 300)
    expect(early).toMatchObject({
      resolutionMs: 10 * SECOND,
      fromMs: startMs + 7 * SECOND,
      toMs: startMs + 67 * SECOND,
    })
    expect(shown(early)).toEqual(truth([2], early.fromMs, early.toMs, 10 * SECOND))
    await database.pool.query(
      'delete from merged_windows where resolution_ms = 10000 and window_start < to_timestamp($1::float8 / 1000)',
      [startMs + 90 * MINUTE],
    )
    const earlier = await ofDeployment(2, startMs + 11 * SECOND, startMs + 10 * MINUTE, 300)
    expect(earlier.resolutionMs).toBe(MINUTE)
    expect(earlier.fromMs).toBe(Math.floor(startMs / MINUTE) * MINUTE)
    expect(shown(earlier)).toEqual(truth([2], earlier.fromMs, earlier.toMs, MINUTE))
    // From before to after: the points are as wide as the oldest part needs, and all of it is there.
    const both = await ofDeployment(2, startMs + 80 * MINUTE, startMs + 115 * MINUTE, 2000)
    expect(both.resolutionMs).toBe(MINUTE)
    expect(shown(both)).toEqual(truth([2], both.fromMs, both.toMs, MINUTE))
    expect(both.endSequence).toBe(115 * 60)
  })

  it('is as fine after a pause as it is kept, since there is nothing before', async () => {
    const { samples } = deployments[0]!
    await database.pool.query(
      'delete from merged_windows where series = $1 and window_start < to_timestamp($2::float8 / 1000)',
      [deployments[0]!.key, startMs + 100 * MINUTE],
    )
    const result = await ofDeployment(0, startMs + 60 * MINUTE, startMs + 110 * MINUTE, 2000)
    expect(result.resolutionMs).toBe(2 * SECOND)
    const kept = samples.filter(
      ({ windowStartMs }) => windowStartMs >= startMs + 100 * MINUTE && windowStartMs < startMs + 110 * MINUTE,
    )
    expect(result.summary.requests).toBe(kept.reduce((sum, { requests }) => sum + (requests ?? 0), 0))
  })

  it('refuses what would be merged from too many windows', async () => {
    vi.spyOn(HistoryStore.prototype, 'kept').mockResolvedValue(
      Array.from({ length: 5 }, () => ({ hasOlder: true, firstMs: startMs - 400 * 24 * HOUR })),
    )
    const many = Array.from({ length: 1000 }, (_, n) => 1_000_000 + n)
    const asked = deps.services.metricsHistory.ofDeployments(
      () => Promise.resolve(many),
      range(startMs - 300 * 24 * HOUR, startMs),
    )
    await expect(asked).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'historyRows', max: 60_000 },
    })
  })
})
