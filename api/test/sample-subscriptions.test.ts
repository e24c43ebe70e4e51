import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeId } from '../src/graphql/ids.ts'
import { deploy, pause, registerJob, remove, resume, succeed, unknownId } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient, type LiveClient, TRANSPORTS } from './live-clients.ts'
import { nextRound } from './next-round.ts'
import { pipeline } from './raw-http.ts'

interface Update {
  inferenceMetrics: {
    cursor: string
    skipped: number
    metrics: { at: string; requests: number; windowSeconds: number }
  }
}

const INTERVAL_MS = 25
const SAMPLES = `subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor skipped metrics { at requests windowSeconds latency { p50Ms p99Ms quantile(q: 0.9) } } } }`

const FIGURES = 'at windowSeconds coveredSeconds requests errors inFlight latency { p50Ms p99Ms maxMs }'

const at = ({ inferenceMetrics }: Update) => inferenceMetrics.metrics.at
const cursorOf = (update: Update | undefined) => update?.inferenceMetrics.cursor

/** Starts of all windows that are stored, ascending. */
async function stored({ deps }: TestApp, id: string): Promise<string[]> {
  const { prisma, sampleStore } = deps.services
  const { key } = await prisma.deployment.findUniqueOrThrow({ where: { id: decodeId(id).id } })
  return (await sampleStore.after(key, 0, 100_000)).map(({ windowStartMs }) => new Date(windowStartMs).toISOString())
}

/** Fails unless these are all windows from the first to the last of them that are stored, each once. */
async function expectWhole(app: TestApp, id: string, updates: Update[]): Promise<void> {
  const given = updates.map(at)
  const between = (await stored(app, id)).filter((start) => start >= given[0]! && start <= given.at(-1)!)
  expect(given).toEqual(between)
  expect(updates.filter(({ inferenceMetrics }) => inferenceMetrics.skipped !== 0)).toEqual([])
}

/** The end of a deployment's log, as a query gives it. */
async function headOf({ client }: TestApp, id: string): Promise<string> {
  const query = 'query ($id: ID!) { deployment(id: $id) { cursor } }'
  return (await client.data<{ deployment: { cursor: string } }>(query, { id })).deployment.cursor
}

describe.each(await testDatabaseKinds())('a server on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: INTERVAL_MS })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  describe.each(TRANSPORTS)('sends the samples of a deployment over %s', (transport) => {
    let live: LiveClient
    let id: string
    beforeAll(async () => {
      live = liveClient(transport, app.origin)
      id = await deploy(app.client)
    })
    afterAll(() => live[Symbol.asyncDispose]())
    const follow = (after?: string, of = id) => live.subscribe<Update>(SAMPLES, { id: of, after })

    it('from the newest on, each window once and in order', async () => {
      await using earlier = follow()
      await earlier.take(5)
      const before = await stored(app, id)
      await nextRound(app)
      await using updates = follow()
      const given = await updates.take(10)
      expect(at(given[0]!) >= before.at(-1)!).toBe(true)
      await expectWhole(app, id, given)
      expect(given[0]?.inferenceMetrics.metrics.windowSeconds).toBe(INTERVAL_MS / 1000)
    })

    it('from the end of the log that a query gave, whatever was recorded before the subscription', async () => {
      const other = await deploy(app.client)
      await pause(app.client, other)
      const before = await stored(app, other)
      const after = await headOf(app, other)
      // Cut before its first sample.
      await follow(after, other)[Symbol.asyncDispose]()
      await resume(app.client, other)
      await using updates = follow(after, other)
      const given = await updates.take(3)
      expect(given.map(at)).toEqual((await stored(app, other)).slice(before.length, before.length + 3))
      await expectWhole(app, other, given)
    })

    it('again from a cursor, without a hole or a double, however often one comes back', async () => {
      const given: Update[] = []
      for (const count of [4, 1, 6, 3]) {
        await using updates = follow(cursorOf(given.at(-1)))
        given.push(...(await updates.take(count)))
      }
      await expectWhole(app, id, given)
      await using again = follow(cursorOf(given[2]))
      expect(await again.take(11)).toEqual(given.slice(3))
    })

    it('the same to many subscribers at once, each at its own position', async () => {
      await using first = follow()
      const start = await first.take(8)
      const followers = Array.from({ length: 12 }, (_, n) => follow(cursorOf(start[n % 8])))
      const all = await Promise.all(followers.map((updates) => updates.take(12)))
      for (const [n, given] of all.entries()) await expectWhole(app, id, [start[n % 8]!, ...given])
      for (const updates of followers) await updates[Symbol.asyncDispose]()
    })

    it('none while it is paused, and continues with the next sequence after the resume', async () => {
      const paused = await deploy(app.client)
      await using updates = follow(undefined, paused)
      const given = await updates.take(3)
      await pause(app.client, paused)
      const all = await stored(app, paused)
      if (at(given.at(-1)!) !== all.at(-1)) given.push(...(await updates.until((update) => at(update) === all.at(-1))))
      // What another deployment records meanwhile shows that windows went by.
      await using other = follow()
      await other.take(4)
      expect(await stored(app, paused)).toEqual(all)
      await resume(app.client, paused)
      given.push(...(await updates.take(3)))
      await expectWhole(app, paused, given)
      const gapMs = new Date(at(given.at(-3)!)).getTime() - new Date(all.at(-1)!).getTime()
      expect(gapMs).toBeGreaterThan(INTERVAL_MS)
    })

    it('up to the last one, and completes when it is deleted', async () => {
      const doomed = await deploy(app.client)
      await using updates = follow(undefined, doomed)
      const given = await updates.take(2)
      await pause(app.client, doomed)
      const all = await stored(app, doomed)
      await succeed(app.client, 'deleteDeployment', { deploymentId: doomed }, 'deploymentId')
      given.push(...(await updates.rest()))
      expect(given.map(at)).toEqual(all.slice(all.indexOf(at(given[0]!))))
    })

    it('of no deployment that is unknown, gone, malformed or none', async () => {
      const gone = await deploy(app.client)
      await remove(app.client, gone)
      for (const [deployment, code] of [
        [unknownId('Deployment'), 'NOT_FOUND'],
        [gone, 'NOT_FOUND'],
        ['nonsense', 'BAD_USER_INPUT'],
        [await registerJob(app.client), 'BAD_USER_INPUT'],
      ] as const) {
        expect([deployment, await follow(undefined, deployment).refusal()]).toEqual([deployment, code])
      }
    })

    it('after no cursor that is malformed, forged, of another deployment, of events or of the future', async () => {
      await using updates = follow()
      const cursor = cursorOf(await updates.next())!
      const other = await deploy(app.client)
      await using others = follow(undefined, other)
      const foreign = cursorOf(await others.next())!
      const { deploymentEvents } = await app.client.data<{
        deploymentEvents: { edges: { node: { cursor: string } }[] }
      }>('{ deploymentEvents(first: 1) { edges { node { cursor } } } }')
      const bytes = Buffer.from(cursor, 'base64url')
      const changed = (index: number, by: number) => {
        const copy = Buffer.from(bytes)
        copy[index] = (copy[index]! + by) % 256
        return copy.toString('base64url')
      }
      const ofEvents = deploymentEvents.edges[0]!.node.cursor
      const wrong = ['', 'x', 'x'.repeat(10_000), `${cursor}A`, cursor.slice(1), foreign, ofEvents]
      const forged = [changed(0, 1), changed(1, 1), changed(12, 1), changed(25, 1), changed(30, 1)]
      for (const after of [...wrong, ...forged]) {
        expect([after, await follow(after).refusal()]).toEqual([after, 'CURSOR_INVALID'])
      }
      // A cursor of nothing is a beginning: the position before the first sample.
      const first = Buffer.concat([bytes.subarray(0, 25), Buffer.alloc(11)]).toString('base64url')
      await using whole = follow(first)
      expect(at(await whole.next())).toBe((await stored(app, id))[0])
    })

    it('again to a subscriber that returns: ending one subscription ends only that one', async () => {
      const updates = follow()
      await using stays = follow()
      await updates.take(2)
      await updates[Symbol.asyncDispose]()
      // What had come already may still be there, and then it is over.
      await updates.rest()
      expect(await stays.take(4)).toHaveLength(4)
    })
  })

  it('sends them to a subscriber that asked for something else first, over the same connection', async () => {
    const id = await deploy(app.client)
    const samples = `subscription { inferenceMetrics(deploymentId: "${id}") { metrics { at } } }`
    const socket = pipeline(Number(new URL(app.origin).port), `Bearer ${ADMIN_TOKEN}`, '*/*', [
      '{ deployments(first: 1) { edges { node { id } } } }',
      samples,
    ])
    let text = ''
    for await (const chunk of socket) {
      text += String(chunk)
      if (text.split('event: next').length > 3) break
    }
    expect(text).toMatch(/^HTTP\/1.1 200 OK[^]*"edges"[^]*HTTP\/1.1 200 OK[^]*text\/event-stream[^]*"inferenceMetrics"/)
  })

  describe('sends with samples', () => {
    const RANGES = `subscription ($id: ID!, $after: SampleCursor, $over: Int, $resolution: Int) {
      inferenceMetrics(deploymentId: $id, after: $after, over: $over, resolution: $resolution) {
        cursor skipped metrics { ${FIGURES} } } }`
    let live: LiveClient
    beforeAll(() => {
      live = liveClient('websocket', app.origin)
    })
    afterAll(() => live[Symbol.asyncDispose]())

    it('the metrics of a range, or whole windows like those of the history, and refuses other lengths', async () => {
      const id = await deploy(app.client)
      await using windows = live.subscribe<Update>(RANGES, { id, resolution: 1 })
      await using ranges = live.subscribe<Update>(RANGES, { id, over: 1 })
      const [first, second, third] = await windows.take(3)
      const query = `query ($id: ID!, $from: DateTime!, $to: DateTime!) {
        deployment(id: $id) { metricsHistory(from: $from, to: $to, maxPoints: 2) { points { ${FIGURES} } } } }`
      const to = new Date(Date.parse(at(third!)) + 1000).toISOString()
      const { deployment } = await app.client.data<{ deployment: { metricsHistory: { points: object[] } } }>(query, {
        id,
        from: at(second!),
        to,
      })
      expect([second, third].map((update) => update?.inferenceMetrics.metrics)).toEqual(
        deployment.metricsHistory.points,
      )
      await using resumed = live.subscribe<Update>(RANGES, { id, resolution: 1, after: cursorOf(first) })
      expect(await resumed.take(2)).toEqual([second, third])

      const [range, next] = await ranges.take(2)
      expect(range?.inferenceMetrics.metrics.windowSeconds).toBe(1)
      expect(Date.parse(at(next!)) - Date.parse(at(range!))).toBe(INTERVAL_MS)
      await using again = live.subscribe<Update>(RANGES, { id, over: 1, after: cursorOf(range) })
      expect(await again.next()).toEqual(next)
      const latest = await app.client.data<{ deployment: { latestMetrics: { windowSeconds: number } } }>(
        'query ($id: ID!) { deployment(id: $id) { latestMetrics(over: 60) { windowSeconds } } }',
        { id },
      )
      expect(latest.deployment.latestMetrics.windowSeconds).toBe(60)
      for (const wrong of [{ over: 7 }, { over: 0 }, { resolution: 3 }, { over: 60, resolution: 60 }]) {
        expect([wrong, await live.subscribe(RANGES, { id, ...wrong }).refusal()]).toEqual([wrong, 'BAD_USER_INPUT'])
      }
    })
  })

  it('keeps nothing of subscribers that left', async () => {
    const { sampleLogs } = app.deps.services
    const id = await deploy(app.client)
    for (const transport of TRANSPORTS) {
      const live = liveClient(transport, app.origin)
      const updates = [1, 2, 3].map(() => live.subscribe<Update>(SAMPLES, { id }))
      await Promise.all(updates.map((one) => one.next()))
      expect(sampleLogs.counts.followers).toBe(3)
      await live[Symbol.asyncDispose]()
      // The server notices it after the client; the next sample that nobody follows shows it.
      while (sampleLogs.counts.followers > 0) await nextRound(app)
      expect(sampleLogs.counts).toEqual({ logs: 0, followers: 0 })
    }
  })

  it('continues after a restart on the same data, without a hole or a double', async () => {
    const [id, paused] = [await deploy(app.client), await deploy(app.client)]
    await pause(app.client, paused)
    const end = await headOf(app, paused)
    const given: Update[] = []
    for (const transport of TRANSPORTS) {
      await using live = liveClient(transport, app.origin)
      await using updates = live.subscribe<Update>(SAMPLES, { id, after: cursorOf(given.at(-1)) })
      given.push(...(await updates.take(4)))
      app = await app.restart()
    }
    // From the store: a server that has just started holds no samples in memory.
    expect(await headOf(app, paused)).toBe(end)
    await using live = liveClient('websocket', app.origin)
    await using updates = live.subscribe<Update>(SAMPLES, { id, after: cursorOf(given.at(-1)) })
    given.push(...(await updates.take(20)))
    const starts = given.map((update) => new Date(at(update)).getTime())
    // The windows missed while it was down are caught up: each follows the one before.
    expect(starts).toEqual(starts.map((_, n) => starts[0]! + n * INTERVAL_MS))
    await expectWhole(app, id, given)
  })
})
