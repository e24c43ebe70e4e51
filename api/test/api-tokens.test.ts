import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Scope, SCOPES } from '../src/base/viewer.ts'
import { createToken, openSession, revokeToken } from './access.ts'
import { registerJob, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { GraphQLTestClient } from './graphql-client.ts'
import { liveClient, TRANSPORTS } from './live-clients.ts'
import { WsTestClient } from './ws-client.ts'

/** A second, and what timers of a busy machine are late. */
const ENDS_WITHIN_MS = 4_000
const VIEWER = '{ viewer { name scopes } }'
const CREATE = `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { __typename
  ... on InvalidInputError { issues { path message } }
  ... on CreateApiTokenSuccess { secret apiToken { id name scopes createdBy expiresAt lastUsedAt revokedAt } } } }`
const TOKENS = '{ viewer { apiTokens { edges { node { id name scopes createdBy lastUsedAt revokedAt } } } } }'
const FLEET = 'subscription { fleetMetrics { expected } }'

interface TokenRow {
  id: string
  name: string
  lastUsedAt: string | null
  revokedAt: string | null
}

describe.each(await testDatabaseKinds())('API tokens on %s', (kind) => {
  let app: TestApp

  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 100 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const withToken = (secret: string) => GraphQLTestClient.withToken(app.origin, secret)
  const withCookie = (cookie: string) => new GraphQLTestClient(app.origin, { cookie })
  const codeOf = async (client: GraphQLTestClient, query = VIEWER) =>
    (await client.request(query)).errors?.[0]?.extensions?.['code']
  const issuesOf = async (input: Record<string, unknown>, client = app.client) => {
    const { createApiToken } = await client.data<{
      createApiToken: { issues?: { path: string[]; message: string }[] }
    }>(CREATE, { input })
    return createApiToken.issues?.map(({ path, message }) => `${path.join('.')} ${message}`)
  }
  const rowOf = async (id: string): Promise<TokenRow | undefined> => {
    const { viewer } = await app.client.data<{ viewer: { apiTokens: { edges: { node: TokenRow }[] } } }>(TOKENS)
    return viewer.apiTokens.edges.map(({ node }) => node).find((node) => node.id === id)
  }

  describe('a token', () => {
    it('is created with a secret that is shown once, and acts under its name with its scopes', async () => {
      const { createApiToken } = await app.client.data<{
        createApiToken: { secret: string; apiToken: Record<string, unknown> }
      }>(CREATE, { input: { name: '  release bot ', scopes: ['DEPLOY', 'READ', 'READ'] } })
      const { secret, apiToken } = createApiToken
      expect(secret).toMatch(/^gl_[\w-]{43}$/)
      expect(apiToken).toEqual({
        id: expect.any(String),
        name: 'release bot',
        scopes: ['READ', 'DEPLOY'],
        createdBy: 'admin',
        expiresAt: null,
        lastUsedAt: null,
        revokedAt: null,
      })
      expect(await withToken(secret).data(VIEWER)).toEqual({
        viewer: { name: 'release bot', scopes: ['READ', 'DEPLOY'] },
      })
      const stored = await app.deps.services.prisma.apiToken.findMany()
      expect(JSON.stringify(stored)).not.toContain(secret.slice(3))
    })

    it('is recorded as who did it', async () => {
      const { secret } = await createToken(app.client, { name: 'training cluster', scopes: ['TRAIN', 'READ'] })
      const id = await registerJob(withToken(secret))
      const query = 'query ($id: ID!) { trainingJob(id: $id) { createdBy } }'
      expect(await app.client.data(query, { id })).toEqual({ trainingJob: { createdBy: 'training cluster' } })
    })

    it('is refused what its scopes do not allow, with the missing scope in the message', async () => {
      const { secret } = await createToken(app.client, { name: 'reader', scopes: ['READ'] })
      const { data, errors } = await withToken(secret).request(CREATE, { input: { name: 'x', scopes: ['READ'] } })
      expect(data).toBeNull()
      expect(errors).toEqual([
        {
          message: 'This needs the scope ADMIN; reader has READ.',
          extensions: { code: 'FORBIDDEN' },
          path: ['createApiToken'],
          locations: expect.anything(),
        },
      ])
      expect(await codeOf(withToken(secret), TOKENS)).toBe('FORBIDDEN')
    })

    it.each(TRANSPORTS)('cannot subscribe without READ over %s', async (transport) => {
      const { secret } = await createToken(app.client, { name: 'deployer', scopes: ['DEPLOY'] })
      await using live = liveClient(transport, app.origin, secret)
      await using updates = live.subscribe(FLEET)
      expect(await updates.refusal()).toBe('FORBIDDEN')
    })

    it.each(['/schema.graphql', '/metrics'])('needs READ at %s', async (path) => {
      const get = async (scopes: Scope[]) => {
        const { secret } = await createToken(app.client, { name: 'scraper', scopes })
        return (await fetch(app.origin + path, { headers: { authorization: `Bearer ${secret}` } })).status
      }
      expect(await get(['DEPLOY', 'TRAIN', 'ADMIN'])).toBe(403)
      expect(await get(['READ'])).toBe(200)
      expect((await fetch(app.origin + path)).status).toBe(401)
    })

    it('without READ sees the own fields of what it changed, and no relations', async () => {
      const { secret } = await createToken(app.client, { name: 'write-only', scopes: ['TRAIN'] })
      const register = () => registerJob(withToken(secret), { status: 'QUEUED' })
      const cancel = async (fields: string) =>
        await withToken(secret).request(
          `mutation ($id: ID!) { cancelTrainingJob(input: { trainingJobId: $id }) {
            ... on CancelTrainingJobSuccess { trainingJob { ${fields} } } } }`,
          { id: await register() },
        )
      expect((await cancel('status')).data).toEqual({ cancelTrainingJob: { trainingJob: { status: 'CANCELLED' } } })
      const { errors } = await cancel('model { trainingJobs { edges { cursor } } }')
      expect(errors?.[0]?.message).toBe('This needs the scope READ; write-only has TRAIN.')
    })

    it('is found by its id only by callers who may manage access', async () => {
      const { id } = await createToken(app.client, { name: 'found', scopes: ['READ'] })
      const { secret } = await createToken(app.client, { name: 'curious', scopes: ['READ', 'DEPLOY', 'TRAIN'] })
      const node = `{ node(id: "${id}") { __typename ... on ApiToken { name } } }`
      expect(await app.client.data(node)).toEqual({ node: { __typename: 'ApiToken', name: 'found' } })
      expect(await codeOf(withToken(secret), node)).toBe('FORBIDDEN')
      expect(await codeOf(withToken(secret), `{ nodes(ids: ["${id}"]) { __typename } }`)).toBe('FORBIDDEN')
    })

    it('grants no scope that its creator lacks', async () => {
      const { secret } = await createToken(app.client, { name: 'manager', scopes: ['ADMIN', 'READ'] })
      expect(await issuesOf({ name: 'more', scopes: ['READ', 'DEPLOY', 'TRAIN'] }, withToken(secret))).toEqual([
        'scopes must be scopes you have yourself; you lack DEPLOY, TRAIN.',
      ])
      expect(await issuesOf({ name: 'same', scopes: ['READ', 'ADMIN'] }, withToken(secret))).toBeUndefined()
    })

    it('needs a name, a scope and an expiry in the future', async () => {
      expect(await issuesOf({ name: ' ', scopes: [], expiresAt: '2020-01-01T00:00:00Z' })).toEqual([
        'name must not be empty.',
        'scopes must contain at least one scope.',
        'expiresAt must be in the future.',
      ])
    })

    it('is listed newest first, page by page, even when it is revoked', async () => {
      const made = []
      for (const name of ['page 1', 'page 2', 'page 3'])
        made.push(await createToken(app.client, { name, scopes: ['READ'] }))
      await revokeToken(app.client, made[1]?.id ?? '')
      const query =
        'query ($after: String) { viewer { apiTokens(first: 2, after: $after) { edges { cursor node { name } } } } }'
      type Page = { viewer: { apiTokens: { edges: { cursor: string; node: { name: string } }[] } } }
      const first = (await app.client.data<Page>(query)).viewer.apiTokens.edges
      const second = (await app.client.data<Page>(query, { after: first[1]?.cursor })).viewer.apiTokens.edges
      expect([...first, ...second].slice(0, 3).map(({ node }) => node.name)).toEqual(['page 3', 'page 2', 'page 1'])
    })

    it('shows when it was last used', async () => {
      const { id, secret } = await createToken(app.client, { name: 'used', scopes: ['READ'] })
      expect((await rowOf(id))?.lastUsedAt).toBeNull()
      const from = Date.now()
      await withToken(secret).data(VIEWER)
      const usedAt = await vi.waitUntil(async () => (await rowOf(id))?.lastUsedAt, { timeout: 5000 })
      expect(Date.parse(usedAt)).toBeGreaterThanOrEqual(from)
      expect(Date.parse(usedAt)).toBeLessThanOrEqual(Date.now())
    })
  })

  describe('a revoked token', () => {
    it('is refused from then on, and so are the sessions opened with it', async () => {
      const { id, secret } = await createToken(app.client, { name: 'leaked', scopes: ['READ'] })
      const cookie = await openSession(app.origin, { token: secret })
      await withToken(secret).data(VIEWER)
      expect(await withCookie(cookie).data(VIEWER)).toEqual({ viewer: { name: 'leaked', scopes: ['READ'] } })
      const first = await revokeToken(app.client, id)
      expect(first.revokedAt).toMatch(/Z$/)
      expect(await codeOf(withToken(secret))).toBe('UNAUTHENTICATED')
      expect(await codeOf(withCookie(cookie))).toBe('UNAUTHENTICATED')
      expect((await fetch(`${app.origin}/session`, { headers: { cookie } })).status).toBe(401)
      await expect(openSession(app.origin, { token: secret })).rejects.toThrow('401')
      expect(await revokeToken(app.client, id)).toEqual(first)
    })

    it('closes its sockets and streams and those of its sessions, but no others', async () => {
      const { id, secret } = await createToken(app.client, { name: 'open', scopes: ['READ'] })
      const { secret: other } = await createToken(app.client, { name: 'other', scopes: ['READ'] })
      const cookie = await openSession(app.origin, { token: secret })
      const socket = await WsTestClient.connect(app.origin, secret)
      const sessionSocket = await WsTestClient.open(app.origin, { headers: { cookie } })
      await sessionSocket.init()
      const otherSocket = await WsTestClient.connect(app.origin, other)
      const streams = [await withToken(secret).stream(FLEET), await withCookie(cookie).stream(FLEET)]
      for (const stream of streams) await stream.next()

      const from = performance.now()
      await revokeToken(app.client, id)
      for (const closed of [socket.closed, sessionSocket.closed]) {
        expect(await closed).toEqual({ code: 4403, reason: 'Token revoked' })
      }
      for (const stream of streams) {
        await stream.ended
        expect(performance.now() - from).toBeLessThan(ENDS_WITHIN_MS)
        const rest = await stream.events.take(stream.events.size)
        expect(rest.slice(-2)).toEqual([
          {
            event: 'next',
            data: { errors: [{ message: 'Token revoked.', extensions: { code: 'UNAUTHENTICATED' } }] },
          },
          { event: 'complete', data: undefined },
        ])
      }
      otherSocket.subscribe(VIEWER)
      expect(await otherSocket.next()).toMatchObject({ data: { viewer: { name: 'other' } } })
      await otherSocket.close()
    })

    it('is distinguished from one that never existed', async () => {
      const revoke = (id: string) =>
        app.client.data(`mutation { revokeApiToken(input: { apiTokenId: "${id}" }) { __typename } }`)
      expect(await revoke(unknownId('ApiToken'))).toEqual({ revokeApiToken: { __typename: 'ApiTokenNotFoundError' } })
      expect(await revoke('nonsense')).toEqual({ revokeApiToken: { __typename: 'InvalidInputError' } })
      expect(await revoke(unknownId('Model'))).toEqual({ revokeApiToken: { __typename: 'InvalidInputError' } })
    })

    it('closes what was opened with it even when the answer of the database is lost', async () => {
      const { id, secret } = await createToken(app.client, { name: 'in doubt', scopes: ['READ'] })
      const socket = await WsTestClient.connect(app.origin, secret)
      const { apiToken } = app.deps.services.prisma
      const update = apiToken.updateMany.bind(apiToken)
      const lost = vi.spyOn(apiToken, 'updateMany').mockImplementationOnce((async (args: never) => {
        await update(args)
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
      }) as never)
      await expect(revokeToken(app.client, id)).rejects.toThrow('UNAVAILABLE')
      lost.mockRestore()
      expect((await socket.closed).code).toBe(4403)
      expect(await codeOf(withToken(secret))).toBe('UNAUTHENTICATED')
    })
  })

  describe('an expired token', () => {
    it('is refused, and closes what was opened with it and its sessions, within a second of its expiry', async () => {
      // Time for all that is opened below, on a busy machine too.
      const expiresAt = new Date(Date.now() + 3000)
      const { secret } = await createToken(app.client, { name: 'brief', scopes: [...SCOPES], expiresAt })
      const cookie = await openSession(app.origin, { token: secret })
      const socket = await WsTestClient.connect(app.origin, secret)
      const sessionSocket = await WsTestClient.open(app.origin, { headers: { cookie } })
      await sessionSocket.init()
      const stream = await withToken(secret).stream(FLEET)
      await withToken(secret).data(VIEWER)
      for (const closed of [socket.closed, sessionSocket.closed]) {
        expect(await closed).toEqual({ code: 4403, reason: 'Session or token expired' })
      }
      await stream.ended
      expect(Date.now() - expiresAt.getTime()).toBeLessThan(ENDS_WITHIN_MS)
      expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime())
      expect(await codeOf(withToken(secret))).toBe('UNAUTHENTICATED')
      expect(await codeOf(withCookie(cookie))).toBe('UNAUTHENTICATED')
    })
  })

  describe('sessions', () => {
    it('of the same token end together when one of them asks for it, and no others do', async () => {
      const { secret } = await createToken(app.client, { name: 'browsers', scopes: ['READ'] })
      const { secret: another } = await createToken(app.client, { name: 'browsers', scopes: ['READ'] })
      const mine = await openSession(app.origin, { token: secret })
      const lost = await openSession(app.origin, { token: secret })
      const foreign = await openSession(app.origin, { token: another })
      const lostSocket = await WsTestClient.open(app.origin, { headers: { cookie: lost } })
      await lostSocket.init()
      const end = `mutation { endSessions(input: {}) { ... on EndSessionsSuccess { endedCount } } }`
      expect(await withCookie(mine).data(end)).toEqual({ endSessions: { endedCount: 1 } })
      expect(await lostSocket.closed).toEqual({ code: 4403, reason: 'Signed out' })
      expect(await codeOf(withCookie(lost))).toBe('UNAUTHENTICATED')
      expect(await codeOf(withCookie(mine))).toBeUndefined()
      expect(await codeOf(withCookie(foreign))).toBeUndefined()
      const all = `mutation { endSessions(input: { includeCurrent: true }) { ... on EndSessionsSuccess { endedCount } } }`
      expect(await withCookie(mine).data(all)).toEqual({ endSessions: { endedCount: 1 } })
      expect(await codeOf(withCookie(mine))).toBe('UNAUTHENTICATED')
    })

    it('of a revoked token are removed', async () => {
      const { id, secret } = await createToken(app.client, { name: 'swept', scopes: ['READ'] })
      await openSession(app.origin, { token: secret })
      const { sessions, prisma } = app.deps.services
      await sessions.removeEnded(Date.now())
      expect(await prisma.session.count({ where: { name: 'swept' } })).toBe(1)
      await revokeToken(app.client, id)
      await sessions.removeEnded(Date.now())
      expect(await prisma.session.count({ where: { name: 'swept' } })).toBe(0)
    })
  })
})
