import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, pause, resume } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient, type LiveClient, TRANSPORTS } from './live-clients.ts'
import { rememberDatabase } from './set-back.ts'

interface Event {
  deploymentEvents: { cursor: string; skipped: number; event: { kind: string } }
}
interface Sample {
  inferenceMetrics: { cursor: string; skipped: number }
}
interface Fleet {
  fleetMetrics: { at: string; reported: number; expected: number }
}

const EVENTS =
  'subscription ($after: EventCursor) { deploymentEvents(after: $after) { cursor skipped event { kind } } }'
const SAMPLES = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) { cursor skipped } }`
const FLEET = 'subscription { fleetMetrics { at reported expected } }'
const PAGE = `query ($after: String) { deploymentEvents(after: $after, first: 10, orderBy: { field: AT, direction: ASC }) {
  nodes { kind } } }`
const ENDS = 'query ($id: ID!) { eventCursor deployment(id: $id) { cursor } }'

/** The ends of both logs. */
async function endsOf({ client }: TestApp, id: string): Promise<{ event: string; sample: string }> {
  const { eventCursor, deployment } = await client.data<{ eventCursor: string; deployment: { cursor: string } }>(ENDS, {
    id,
  })
  return { event: eventCursor, sample: deployment.cursor }
}

describe('a backup that was copied over a data folder', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gaugeline-restore-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('takes the cursors of what it holds, and refuses those of what was lost, though it has as many entries again', async () => {
    await using location = await prepareTestDatabase('embedded')
    const dataDir = join(folder, 'data')
    cpSync(location.dataDir!, dataDir, { recursive: true })
    // Recording would move the logs of samples on.
    const start = () => createTestApp('embedded', { dataDir, sampleIntervalMs: 3_600_000 })
    const events = async ({ client }: TestApp, id: string, pairs: number) => {
      for (let pair = 0; pair < pairs; pair += 1) {
        await pause(client, id)
        await resume(client, id)
      }
    }
    let app = await start()
    const id = await deploy(app.client)
    const kept = await endsOf(app, id)
    await app.stop()
    execFileSync('cp', ['-a', dataDir, join(folder, 'backup')])

    app = await start()
    await events(app, id, 2)
    const lost = await endsOf(app, id)
    await app.stop()
    execFileSync('cp', ['-a', `${join(folder, 'backup')}/.`, dataDir])

    app = await start()
    await events(app, id, 3)
    await using live = liveClient('websocket', app.origin)
    await using refused = live.subscribe<Event>(EVENTS, { after: lost.event })
    expect(await refused.refusal()).toBe('CURSOR_INVALID')
    expect((await app.client.request(PAGE, { after: lost.event })).errors?.[0]).toMatchObject({
      extensions: { code: 'CURSOR_INVALID' },
      message: expect.stringContaining('set back') as string,
    })
    await using resumed = live.subscribe<Event>(EVENTS, { after: kept.event })
    const kinds = (await resumed.take(6)).map(({ deploymentEvents: { event, skipped } }) => [event.kind, skipped])
    const pair = [
      ['PAUSED', 0],
      ['RESUMED', 0],
    ]
    expect(kinds).toEqual([...pair, ...pair, ...pair])
    await app[Symbol.asyncDispose]()
  })
})

describe.each(await testDatabaseKinds())('a server whose database is set back while it runs, on %s', (kind) => {
  it('ends every subscription to what was lost, which then begins again, and shows what is there now', async () => {
    await using app = await createTestApp(kind, { sampleIntervalMs: 100 })
    const clients = TRANSPORTS.map((transport) => liveClient(transport, app.origin))
    const id = await deploy(app.client)
    const setBack = await rememberDatabase(app.deps.services.prisma)
    await pause(app.client, id)
    await resume(app.client, id)
    const subscriptions = clients.map((live) => ({
      events: live.subscribe<Event>(EVENTS),
      samples: live.subscribe<Sample>(SAMPLES, { id }),
      fleet: live.subscribe<Fleet>(FLEET),
    }))
    for (const { samples, fleet } of subscriptions) {
      await samples.take(3)
      await fleet.next()
    }
    const lost = await endsOf(app, id)
    await setBack()
    const invalid = ['CURSOR_INVALID', 'CURSOR_INVALID']
    expect(await Promise.all(subscriptions.map(({ events }) => events.refusal()))).toEqual(invalid)
    expect(await refusalsOf(clients.map((live) => live.subscribe(EVENTS, { after: lost.event })))).toEqual(invalid)

    const fresh = clients.map((live) => live.subscribe<Event>(EVENTS))
    for (const [at, live] of clients.entries()) {
      expect((await beginning(live, id)).map(({ inferenceMetrics }) => inferenceMetrics.skipped)).toEqual([0, 0, 0])
      // The samples say that the recorder has found the new history: every window from now on is complete.
      const after = new Date().toISOString()
      const [windows] = (await subscriptions[at]!.fleet.until(({ fleetMetrics }) => fleetMetrics.at > after)).slice(-1)
      expect(windows?.fleetMetrics).toMatchObject({ reported: 1, expected: 1 })
    }
    await pause(app.client, id)
    for (const events of fresh) expect((await events.next()).deploymentEvents.event.kind).toBe('PAUSED')
    for (const live of clients) await live[Symbol.asyncDispose]()
  })
})

/** The first samples of a client that begins again whenever it is told to. */
async function beginning(live: LiveClient, id: string): Promise<Sample[]> {
  for (;;) {
    try {
      return await live.subscribe<Sample>(SAMPLES, { id }).take(3)
    } catch (error) {
      if (!`${String(error)} ${JSON.stringify(error)}`.includes('CURSOR_INVALID')) throw error
    }
  }
}

function refusalsOf(subscriptions: { refusal(): Promise<unknown> }[]): Promise<unknown[]> {
  return Promise.all(subscriptions.map((subscription) => subscription.refusal()))
}
