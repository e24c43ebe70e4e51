import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, pause, registerJob, remove, resume, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient, type LiveClient, TRANSPORTS } from './live-clients.ts'

interface Update {
  deploymentEvents: {
    cursor: string
    skipped: number
    event: { cursor: string; kind: string; by: string; note: string | null; deploymentId: string; modelName: string }
  }
}

const EVENTS = `subscription ($id: ID, $after: EventCursor) { deploymentEvents(deploymentId: $id, after: $after) {
  cursor skipped event { id cursor kind at by note deploymentId modelName version } } }`

const SAMPLES = 'subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { cursor } }'

const what = ({ deploymentEvents: { event } }: Update) => [event.kind, event.deploymentId]
const cursorOf = (update: Update | undefined) => update?.deploymentEvents.cursor

describe.each(await testDatabaseKinds())('a server on %s', (kind) => {
  let app: TestApp
  let emptyLog: string
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 50 })
    emptyLog = await head()
    await remove(app.client, await deploy(app.client))
  })
  afterAll(() => app[Symbol.asyncDispose]())

  /** The end of the log. */
  const head = async () => (await app.client.data<{ eventCursor: string }>('{ eventCursor }')).eventCursor

  /** The cursor of the newest event. */
  const newest = async () => {
    const { deploymentEvents } = await app.client.data<{ deploymentEvents: { edges: { node: { cursor: string } }[] } }>(
      '{ deploymentEvents(first: 1) { edges { node { cursor } } } }',
    )
    return deploymentEvents.edges[0]!.node.cursor
  }

  describe.each(TRANSPORTS)('sends lifecycle events over %s', (transport) => {
    let live: LiveClient
    beforeAll(() => {
      live = liveClient(transport, app.origin)
    })
    afterAll(() => live[Symbol.asyncDispose]())
    const follow = (variables: { id?: string; after?: string | undefined } = {}) =>
      live.subscribe<Update>(EVENTS, variables)

    it('with the deployment as it is now to one that resumes, and not as another one was told it', async () => {
      const after = await newest()
      const query = `subscription ($after: EventCursor) { deploymentEvents(after: $after) {
        event { kind deployment { status canDelete } } } }`
      type Told = { deploymentEvents: { event: { kind: string; deployment: { status: string } | null } } }
      const told = ({ deploymentEvents: { event } }: Told) => [event.kind, event.deployment?.status]
      await using first = live.subscribe<Told>(query, { after })
      const id = await deploy(app.client)
      expect(told(await first.next())).toEqual(['DEPLOYED', 'ACTIVE'])
      await remove(app.client, id)
      expect((await first.take(2)).map(told)).toContainEqual(['DELETED', undefined])
      await using resumed = live.subscribe<Told>(query, { after })
      expect((await resumed.take(3)).map(told)).toEqual([
        ['DEPLOYED', undefined],
        ['PAUSED', undefined],
        ['DELETED', undefined],
      ])
    })

    it('of all deployments, as they happen, with who and why', async () => {
      const after = await newest()
      const id = await deploy(app.client, { modelName: 'events', note: 'go' })
      await using updates = follow({ after })
      // The first one shows that it follows; the others happen after that.
      const given = [await updates.next()]
      await pause(app.client, id)
      const other = await deploy(app.client)
      await resume(app.client, id)
      given.push(...(await updates.take(3)))
      expect(given.map(what)).toEqual([
        ['DEPLOYED', id],
        ['PAUSED', id],
        ['DEPLOYED', other],
        ['RESUMED', id],
      ])
      expect(given[0]?.deploymentEvents).toMatchObject({
        skipped: 0,
        event: { by: 'admin', note: 'go', modelName: 'events' },
      })
      for (const { deploymentEvents } of given) expect(deploymentEvents.cursor).toBe(deploymentEvents.event.cursor)
    })

    it('without a cursor from now on, and none that happened before', async () => {
      await using updates = follow()
      // An SSE or WebSocket client does not learn when it is subscribed: it keeps acting until it receives an event.
      const first = updates.next()
      const ids: string[] = []
      do ids.push(await deploy(app.client))
      while ((await Promise.race([first, Promise.resolve(null)])) === null)
      expect(ids.map((id) => ['DEPLOYED', id])).toContainEqual(what(await first))
    })

    it('from the end of the log that a query gave, whatever happened before the subscription', async () => {
      const after = await head()
      expect(after).toBe(await newest())
      const id = await deploy(app.client)
      // Cut before its first event.
      await follow({ after })[Symbol.asyncDispose]()
      await pause(app.client, id)
      await using updates = follow({ after })
      expect((await updates.take(2)).map(what)).toEqual([
        ['DEPLOYED', id],
        ['PAUSED', id],
      ])
    })

    it('from the end of a log in which nothing had happened yet', async () => {
      await using updates = follow({ after: emptyLog })
      expect((await updates.take(3)).map(({ deploymentEvents }) => deploymentEvents.event.kind)).toEqual([
        'DEPLOYED',
        'PAUSED',
        'DELETED',
      ])
    })

    it('of one deployment only, also of one that is gone', async () => {
      const after = await newest()
      const id = await deploy(app.client)
      await remove(app.client, await deploy(app.client))
      await pause(app.client, id)
      await using updates = follow({ id, after })
      expect((await updates.take(2)).map(what)).toEqual([
        ['DEPLOYED', id],
        ['PAUSED', id],
      ])
      await deploy(app.client)
      await remove(app.client, id)
      expect((await updates.next()).deploymentEvents).toMatchObject({ skipped: 0, event: { kind: 'DELETED' } })
      await using past = follow({ id, after })
      expect((await past.take(3)).map(what)).toEqual([
        ['DEPLOYED', id],
        ['PAUSED', id],
        ['DELETED', id],
      ])
    })

    it('again from any cursor, without a hole or a double', async () => {
      const { edges } = (
        await app.client.data<{ deploymentEvents: { edges: { node: { id: string; cursor: string } }[] } }>(
          '{ deploymentEvents(first: 100) { edges { node { id cursor } } } }',
        )
      ).deploymentEvents
      const cursors = edges.map(({ node }) => node.cursor).toReversed()
      const given: (string | undefined)[] = [cursors[0]]
      while (given.length < cursors.length) {
        await using updates = follow({ after: given.at(-1) })
        const count = Math.min(4, cursors.length - given.length)
        given.push(...(await updates.take(count)).map(cursorOf))
      }
      expect(given).toEqual(cursors)
    })

    it('to no subscriber whose cursor is malformed, of samples or of the future, or whose id is of another type', async () => {
      const cursor = Buffer.from(await newest(), 'base64url')
      const future = Buffer.from(cursor)
      future[28] = 255
      const id = await deploy(app.client)
      await using samples = live.subscribe<{ inferenceMetrics: { cursor: string } }>(SAMPLES, { id })
      const ofSamples = (await samples.next()).inferenceMetrics.cursor
      for (const after of ['', 'nonsense', future.toString('base64url'), ofSamples]) {
        expect([after, await follow({ after }).refusal()]).toEqual([after, 'CURSOR_INVALID'])
      }
      for (const wrong of ['nonsense', unknownId('TrainingJob')]) {
        expect([wrong, await follow({ id: wrong }).refusal()]).toEqual([wrong, 'BAD_USER_INPUT'])
      }
    })

    it('with the deployment as it is at that moment, not as it was at the first event', async () => {
      const after = await newest()
      const job = await registerJob(app.client, { modelName: `fresh-${transport}` })
      const id = await deploy(app.client, { trainingJobId: job })
      await using samples = live.subscribe(SAMPLES, { id })
      type Event = { kind: string; deployment: { status: string; latestMetrics: { at: string } | null } }
      await using updates = live.subscribe<{ deploymentEvents: { event: Event } }>(
        `subscription ($after: EventCursor) { deploymentEvents(after: $after) { event { kind
          deployment { status latestMetrics { at } recentMetrics { at } model { latestVersion } } } } }`,
        { after },
      )
      await samples.next()
      const next = async () => (await updates.next()).deploymentEvents.event
      const first = await next()
      await samples.take(3)
      await pause(app.client, id)
      const second = await next()
      expect([first.kind, second.kind]).toEqual(['DEPLOYED', 'PAUSED'])
      expect(second.deployment).toMatchObject({ status: 'PAUSED', model: { latestVersion: 'v1.0.0' } })
      const [earlier, later] = [first, second].map(({ deployment }) => deployment.latestMetrics?.at ?? '')
      expect(later! > earlier!).toBe(true)
      await deploy(app.client, { trainingJobId: job })
      expect((await next()).deployment).toMatchObject({ status: 'ACTIVE', model: { latestVersion: 'v1.1.0' } })
    })
  })

  it('continues the events after a restart on the same data', async () => {
    const after = await newest()
    const before = await deploy(app.client)
    app = await app.restart()
    await using live = liveClient('websocket', app.origin)
    await using updates = live.subscribe<Update>(EVENTS, { after })
    expect(what(await updates.next())).toEqual(['DEPLOYED', before])
    const later = await deploy(app.client)
    expect(what(await updates.next())).toEqual(['DEPLOYED', later])
  })
})
