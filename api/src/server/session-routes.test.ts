import { describe, expect, it, vi } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import type { HttpTestServer } from '../../test/http-test-server.ts'
import { rawHttp } from '../../test/raw-http.ts'
import { GraphQLTestClient } from '../../test/graphql-client.ts'
import { WsTestClient } from '../../test/ws-client.ts'

function post(server: HttpTestServer, body: unknown, headers: Record<string, string> = {}) {
  return rawHttp(server.port, {
    method: 'POST',
    path: '/session',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

function cookieOf({ headers }: { headers: { 'set-cookie'?: string[] } }): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

const ALL_SCOPES = ['READ', 'DEPLOY', 'TRAIN', 'ADMIN', 'REPORT']

describe('POST /session', () => {
  it('exchanges the secret of a sign-in link for a session, once', async () => {
    await using server = await createHttpTestServer()
    const secret = new URL(server.auth.newSignInUrl(server.origin)).hash.slice(1)
    const signedIn = await post(server, { secret })
    expect([signedIn.status, JSON.parse(signedIn.body)]).toEqual([200, { name: 'owner', scopes: ALL_SCOPES }])
    expect(signedIn.headers['set-cookie']?.[0]).toMatch(
      new RegExp(`^gaugeline_session_${server.port}=\\S+; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict$`),
    )
    const again = await post(server, { secret })
    expect(again.status).toBe(401)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(again.json().errors?.[0]).toMatchObject({
      message: expect.stringContaining('ten minutes'),
      extensions: { code: 'UNAUTHENTICATED' },
    })
  })

  it('accepts ADMIN_TOKEN too', async () => {
    await using server = await createHttpTestServer()
    const { status, body } = await post(server, { token: ADMIN_TOKEN })
    expect([status, JSON.parse(body)]).toEqual([200, { name: 'admin', scopes: ALL_SCOPES }])
    expect((await post(server, { token: `${ADMIN_TOKEN}x` })).status).toBe(401)
  })

  it('sets a Secure cookie if people use https', async () => {
    await using server = await createHttpTestServer({ publicUrl: 'https://gauges.example' })
    const { headers } = await post(server, { token: ADMIN_TOKEN })
    expect(headers['set-cookie']?.[0]).toMatch(/; Secure$/)
  })

  it('ends the session whose cookie it replaces', async () => {
    await using server = await createHttpTestServer()
    const first = cookieOf(await post(server, { token: ADMIN_TOKEN }))
    await post(server, { token: ADMIN_TOKEN }, { cookie: first })
    expect((await rawHttp(server.port, { path: '/session', headers: { cookie: first } })).status).toBe(401)
    expect(server.store.rows.size).toBe(1)
  })

  it.each([
    ['{}', 400],
    ['[]', 400],
    ['null', 400],
    ['{"secret":1}', 400],
    ['{"secret":"a","token":"b"}', 400],
    ['not json', 400],
    [`{"secret":"${'x'.repeat(5000)}"}`, 413],
  ])('refuses %.40s with %i', async (body, status) => {
    await using server = await createHttpTestServer()
    expect((await post(server, body)).status).toBe(status)
  })

  it('refuses requests that a form of another site could send', async () => {
    await using server = await createHttpTestServer()
    const body = JSON.stringify({ token: ADMIN_TOKEN })
    expect((await post(server, body, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post(server, body, { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415)
    expect((await post(server, body, { origin: 'http://evil.example' })).status).toBe(403)
  })

  it('answers UNAVAILABLE while sessions cannot be stored, without the cause', async () => {
    await using server = await createHttpTestServer()
    server.store.isGone = true
    const { status, body, headers } = await post(server, { token: ADMIN_TOKEN })
    expect([status, headers['retry-after']]).toEqual([503, '1'])
    expect(body).not.toContain('10.0.0.7')
  })
})

describe('GET /session', () => {
  it('returns who is signed in, or 401', async () => {
    await using server = await createHttpTestServer()
    const cookie = cookieOf(await post(server, { token: ADMIN_TOKEN }))
    const signedIn = await rawHttp(server.port, { path: '/session', headers: { cookie } })
    expect([signedIn.status, JSON.parse(signedIn.body)]).toEqual([200, { name: 'admin', scopes: ALL_SCOPES }])
    expect(signedIn.headers['cache-control']).toBe('no-store')
    expect((await rawHttp(server.port, { path: '/session' })).status).toBe(401)
  })
})

describe('DELETE /session', () => {
  it('signs out: removes the session, clears its cookie, and closes its sockets and streams, but no others', async () => {
    await using server = await createHttpTestServer()
    const cookie = cookieOf(await post(server, { token: ADMIN_TOKEN }))
    const other = cookieOf(await post(server, { token: ADMIN_TOKEN }))
    const socket = await WsTestClient.open(server.origin, { headers: { cookie } })
    await socket.init()
    const otherSocket = await WsTestClient.open(server.origin, { headers: { cookie: other } })
    await otherSocket.init()
    const stream = await new GraphQLTestClient(server.origin, { cookie }).stream('subscription { count(to: 1) }')
    await stream.next()

    const signedOut = await rawHttp(server.port, { method: 'DELETE', path: '/session', headers: { cookie } })
    expect(signedOut.status).toBe(204)
    expect(signedOut.headers['set-cookie']?.[0]).toContain('Max-Age=0')
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Signed out' })
    expect(await stream.events.take(2)).toEqual([
      {
        event: 'next',
        data: { errors: [{ message: 'Signed out.', extensions: { code: 'UNAUTHENTICATED' } }] },
      },
      { event: 'complete', data: undefined },
    ])
    await stream.ended
    expect((await rawHttp(server.port, { path: '/session', headers: { cookie } })).status).toBe(401)
    const others = new GraphQLTestClient(server.origin, { cookie: other })
    expect(await others.data('{ whoami }')).toEqual({ whoami: 'admin' })
    otherSocket.subscribe('{ whoami }')
    expect(await otherSocket.next()).toEqual({ data: { whoami: 'admin' } })
  })

  it('succeeds when nobody is signed in', async () => {
    await using server = await createHttpTestServer()
    expect((await rawHttp(server.port, { method: 'DELETE', path: '/session' })).status).toBe(204)
  })

  it('is limited for strangers with made-up cookies, while people with a session can still sign out', async () => {
    await using server = await createHttpTestServer()
    const cookie = cookieOf(await post(server, { token: ADMIN_TOKEN }))
    await rawHttp(server.port, { path: '/session', headers: { cookie } })
    const removing = vi.spyOn(server.store, 'remove')
    const signOut = (headers: { cookie: string }) =>
      rawHttp(server.port, { method: 'DELETE', path: '/session', headers })
    const statuses = new Set<number>()
    for (let i = 0; i < 40; i += 1) {
      statuses.add((await signOut({ cookie: `${server.auth.cookie.name}=o.${String(i).padStart(43, 'x')}` })).status)
    }
    expect([[...statuses], removing.mock.calls]).toEqual([[204, 429], []])
    expect([(await signOut({ cookie })).status, server.store.rows.size]).toEqual([204, 0])
  })
})
