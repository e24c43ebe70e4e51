import { readFileSync } from 'node:fs'
import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, pause, registerJob, remove, succeed } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'

interface Event {
  id: string
  cursor: string
  kind: string
  at: string
  modelName: string
}
interface Page {
  totalCount: number
  nodes: Event[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
}

const PAGE =
  'totalCount nodes { id cursor kind at modelName } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'
const ARGS = `$first: Int, $after: String, $last: Int, $before: String,
  $filter: DeploymentEventFilter, $orderBy: DeploymentEventOrder`
const PASSED = 'first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy'
const EVENTS = `query (${ARGS}) { list: deploymentEvents(${PASSED}) { ${PAGE} } }`
const OWN = `query ($id: ID!, ${ARGS}) { deployment(id: $id) { list: events(${PASSED}) { ${PAGE} } } }`

const ASC = { field: 'AT', direction: 'ASC' }
const DESC = { field: 'AT', direction: 'DESC' }

describe.each(await testDatabaseKinds())('lists of events on %s', (kind) => {
  let app: TestApp
  /** Two deployments of each of two models; the first of each is paused and resumed, and the others are deleted. */
  let ids: Record<'one' | 'two', string>
  /** Oldest first. */
  let all: Event[]

  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
    const [one = '', two = ''] = await Promise.all(['one', 'two'].map((modelName) => deploy(app.client, { modelName })))
    ids = { one, two }
    for (const deploymentId of [one, two]) {
      await pause(app.client, deploymentId)
      await succeed(app.client, 'resumeDeployment', { deploymentId }, 'deployment { id }')
    }
    for (const modelName of ['one', 'two']) await remove(app.client, await deploy(app.client, { modelName }))
    all = (await events({ first: 100, orderBy: ASC })).nodes
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const events = async (variables: Record<string, unknown> = {}) =>
    (await app.client.data<{ list: Page }>(EVENTS, variables)).list
  const own = async (id: string, variables: Record<string, unknown> = {}) =>
    (await app.client.data<{ deployment: { list: Page } }>(OWN, { id, ...variables })).deployment.list
  const found = async (filter: Record<string, unknown>) => {
    const { nodes, totalCount } = await events({ filter, orderBy: ASC })
    expect(nodes).toHaveLength(totalCount)
    return nodes.map((event) => `${event.modelName} ${event.kind}`)
  }

  it('begin with the newest, or with the oldest when that is asked for', async () => {
    expect(all).toHaveLength(12)
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted())
    for (const orderBy of [undefined, null, DESC]) {
      expect((await events({ orderBy })).nodes).toEqual(all.toReversed())
    }
    expect((await events({ orderBy: ASC, last: 5 })).nodes).toEqual(all.slice(-5))
    expect((await own(ids.one, { orderBy: ASC })).nodes).toEqual((await own(ids.one)).nodes.toReversed())
  })

  it('continue after the cursor of an event as after the cursor of a page, in either order and direction', async () => {
    const ofOne = new Set((await own(ids.one)).nodes.map(({ id }) => id))
    const middle = await events({ first: 5, orderBy: ASC })
    expect(middle.nodes.at(-1)).toEqual(all[4])
    for (const cursor of [middle.pageInfo.endCursor, all[4]!.cursor]) {
      expect((await events({ after: cursor, orderBy: ASC })).nodes).toEqual(all.slice(5))
      expect((await events({ after: cursor, orderBy: ASC, first: 2 })).pageInfo).toMatchObject({
        hasNextPage: true,
        hasPreviousPage: true,
      })
      expect((await events({ before: cursor, orderBy: ASC, last: 3 })).nodes).toEqual(all.slice(1, 4))
      expect((await events({ after: cursor })).nodes).toEqual(all.slice(0, 4).toReversed())
      expect((await events({ before: cursor })).nodes).toEqual(all.slice(5).toReversed())
      expect((await own(ids.one, { after: cursor, orderBy: ASC })).nodes).toEqual(
        all.slice(5).filter(({ id }) => ofOne.has(id)),
      )
    }
    expect((await events({ after: all.at(-1)?.cursor, orderBy: ASC })).nodes).toEqual([])
  })

  it('find everything that happened since a webhook, by the query that its guide gives', async () => {
    const guide = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')
    const query = /```graphql\n(query Missed[^]*?)```/.exec(guide)?.[1]?.replace('first: 100', 'first: 3') ?? ''
    const missed: Event[] = []
    let after: string | null = all[1]!.cursor
    while (after !== null) {
      const { deploymentEvents: page }: { deploymentEvents: Page } = await app.client.data(query, { after })
      missed.push(...page.nodes)
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
    }
    expect(missed).toMatchObject(all.slice(2))
  })

  it('refuse cursors of other logs and of other databases', async () => {
    const { cursors } = app.deps.services
    const forged = [cursors.sample('018f2f6e-1111-7abc-8def-0123456789ab', 1), cursors.event(1_000), 'nonsense', '']
    const bytes = Buffer.from(all[0]!.cursor, 'base64url')
    bytes[1] = (bytes[1] ?? 0) ^ 1
    for (const cursor of [...forged, bytes.toString('base64url'), `${all[0]!.cursor}=`]) {
      for (const end of ['after', 'before']) {
        const { data, errors } = await app.client.request(EVENTS, { [end]: cursor })
        expect([cursor, data, errors?.[0]?.extensions]).toEqual([cursor, null, { code: 'CURSOR_INVALID' }])
      }
    }
  })

  it('hold those that meet every condition, and count them', async () => {
    expect(await found({ kind: ['RESUMED', 'DELETED'], model: 'one' })).toEqual(['one RESUMED', 'one DELETED'])
    expect(await found({ deploymentId: ids.two })).toEqual(['two DEPLOYED', 'two PAUSED', 'two RESUMED'])
    expect(await found({ deploymentId: ids.two, model: 'one' })).toEqual([])
    expect(await found({ kind: [] })).toEqual([])
    expect(await found({ by: 'admin' })).toHaveLength(12)
    expect(await found({ by: 'Admin' })).toEqual([])
    expect(await found({ since: all[0]!.at, kind: null })).toHaveLength(12)
    expect(await found({ since: all[9]!.at })).toHaveLength(all.filter(({ at }) => at >= all[9]!.at).length)
    expect(await found({ since: '9999-12-31T23:59:59Z' })).toEqual([])
    const paused = await own(ids.one, { filter: { kind: ['PAUSED'] } })
    expect([paused.totalCount, paused.nodes.map((event) => event.kind)]).toEqual([1, ['PAUSED']])
    expect((await own(ids.one, { filter: { deploymentId: ids.two } })).totalCount).toBe(0)
    const wrong = await app.client.request(EVENTS, { filter: { deploymentId: await registerJob(app.client) } })
    expect(wrong.errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
  })
})
