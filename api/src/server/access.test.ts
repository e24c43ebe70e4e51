import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { GraphQLTestClient } from '../../test/graphql-client.ts'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { rawHttp, type RawResponse } from '../../test/raw-http.ts'
import { WsTestClient } from '../../test/ws-client.ts'

const bump = JSON.stringify({ query: 'mutation { bump }' })
const whoami = '/graphql?query={whoami}'

function ask(server: HttpTestServer, authorization: string, path = whoami): Promise<RawResponse> {
  return rawHttp(server.port, { path, headers: { authorization } })
}

describe('a credential that ends in the middle of a request', () => {
  it.each(['token', 'session'])('while the body is still being sent: nothing is executed (%s)', async (kind) => {
    await using server = await createHttpTestServer()
    const secret = server.store.addToken('t1')
    const credential =
      kind === 'token' ? { authorization: `Bearer ${secret}` } : { cookie: await server.signIn(secret) }
    const headers = {
      'content-type': 'application/json',
      'content-length': bump.length,
      ...credential,
    }
    const lookups = server.store.lookups
    const held = request({ host: '127.0.0.1', port: server.port, method: 'POST', path: '/graphql', headers })
    held.write(bump.slice(0, 5))
    // Its headers were authenticated before the token ends.
    while (server.store.lookups === lookups) await new Promise((resolve) => setImmediate(resolve))
    await ask(server, `Bearer ${ADMIN_TOKEN}`)
    server.revoke('t1')
    held.end(bump.slice(5))
    const [response] = (await once(held, 'response')) as [{ statusCode: number }]
    expect([response.statusCode, server.state.mutations]).toEqual([401, 0])
  })

  it('closes its socket at once: nothing that is still sent is executed', async () => {
    await using server = await createHttpTestServer()
    const socket = await WsTestClient.connect(server.origin, server.store.addToken('t1'))
    socket.subscribe('mutation { bump }')
    expect(await socket.next()).toEqual({ data: { bump: 1 } })
    // The client does not know yet that its socket is being closed.
    socket.pause()
    server.revoke('t1')
    socket.subscribe('mutation { bump }')
    socket.resume()
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Token revoked' })
    expect(server.state.mutations).toBe(1)
  })

  it('while a subscription is being set up: its stream is ended', async () => {
    await using server = await createHttpTestServer()
    const client = GraphQLTestClient.withToken(server.origin, server.store.addToken('t1'))
    const opening = client.stream('subscription { countAfterWait(to: 1) }')
    await server.state.untilWaiting()
    server.revoke('t1')
    server.state.release()
    const stream = await opening
    expect(await stream.events.take(2)).toEqual([
      {
        event: 'next',
        data: { errors: [{ message: 'This token is not valid.', extensions: { code: 'UNAUTHENTICATED' } }] },
      },
      { event: 'complete', data: undefined },
    ])
    await server.state.untilClosedSources(1)
  })

  it('while it is being looked up: it is refused', async () => {
    await using server = await createHttpTestServer()
    const secret = server.store.addToken('t1')
    const { store } = server
    const find = store.findToken.bind(store)
    store.findToken = async (hash) => {
      const found = await find(hash)
      store.findToken = find
      server.revoke('t1')
      return found && { ...found }
    }
    expect((await ask(server, `Bearer ${secret}`)).status).toBe(401)
    const socket = await WsTestClient.open(server.origin)
    await expect(socket.init({ token: secret })).rejects.toThrow('4401')
  })
})

describe('an API token', () => {
  it('is looked up once a minute, not at each request', async () => {
    await using server = await createHttpTestServer()
    const authorization = `Bearer ${server.store.addToken('t1')}`
    for (let i = 0; i < 5; i += 1) expect((await ask(server, authorization)).status).toBe(200)
    expect(server.store.lookups).toBe(1)
    server.clock.nowMs += 60_000
    expect((await ask(server, authorization)).status).toBe(200)
    expect(server.store.lookups).toBe(2)
  })

  it('opens sockets and streams that survive an outage of the database', async () => {
    await using server = await createHttpTestServer()
    const secret = server.store.addToken('t1')
    const socket = await WsTestClient.connect(server.origin, secret)
    server.store.isGone = true
    socket.subscribe('{ whoami }')
    expect(await socket.next()).toEqual({ data: { whoami: 'token t1' } })
    await socket.messages.next()
    server.clock.nowMs += 60_000
    expect((await ask(server, `Bearer ${secret}`)).status).toBe(503)
    socket.subscribe('{ whoami }')
    expect(await socket.errors()).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }])
    server.store.isGone = false
    socket.subscribe('{ whoami }')
    expect(await socket.next()).toEqual({ data: { whoami: 'token t1' } })
    await socket.close()
  })

  it('needs READ for the schema and the metrics', async () => {
    await using server = await createHttpTestServer()
    const authorization = `Bearer ${server.store.addToken('t1', ['DEPLOY'])}`
    for (const path of ['/schema.graphql', '/metrics']) {
      const { status, json } = await ask(server, authorization, path)
      expect([status, json().errors]).toEqual([
        403,
        [{ message: 'This needs the scope READ; token t1 has DEPLOY.', extensions: { code: 'FORBIDDEN' } }],
      ])
    }
  })
})

describe('strangers', () => {
  it('get 429 after thirty wrong credentials, and are not looked up any more', async () => {
    await using server = await createHttpTestServer()
    const good = `Bearer ${server.store.addToken('t1')}`
    const wrong = () => ask(server, `Bearer gl_${'x'.repeat(43)}`)
    expect((await ask(server, good)).status).toBe(200)
    for (let i = 0; i < 30; i += 1) expect((await wrong()).status).toBe(401)
    const { lookups } = server.store
    const refused = await wrong()
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '2'])
    expect(refused.json().errors?.[0]?.extensions.code).toBe('RATE_LIMITED')
    const cookie = `gaugeline_session_${server.port}=o.${'x'.repeat(43)}`
    expect((await rawHttp(server.port, { path: whoami, headers: { cookie } })).status).toBe(429)
    const socket = await WsTestClient.open(server.origin)
    await expect(socket.init({ token: 'wrong' })).rejects.toThrow('1013')
    expect(server.store.lookups).toBe(lookups)
    // Known callers are still let in, even after their minute in the cache.
    server.clock.nowMs += 60_000 - 2000 * 29
    for (let i = 0; i < 30; i += 1) await wrong()
    expect((await ask(server, good)).status).toBe(200)
    expect((await ask(server, `Bearer ${ADMIN_TOKEN}`)).status).toBe(200)
  })

  it('are distinguished by the address that the https proxy reports, and only by that proxy', async () => {
    for (const [publicUrl, expected] of [
      ['https://gauges.example', 401],
      ['http://gauges.example', 429],
    ] as const) {
      await using server = await createHttpTestServer({ publicUrl })
      const wrong = (forwardedFor: string) => {
        const headers = { authorization: 'Bearer wrong', 'x-forwarded-for': forwardedFor }
        return rawHttp(server.port, { path: whoami, headers })
      }
      for (let i = 0; i < 31; i += 1) await wrong(`10.0.0.${i}, 203.0.113.1`)
      expect((await wrong('10.0.0.99, 203.0.113.1')).status).toBe(429)
      expect((await wrong('203.0.113.1, 203.0.113.2')).status).toBe(expected)
    }
  })

  it('are distinguished by the address that a trusted proxy reports, also without https', async () => {
    await using server = await createHttpTestServer({ trustedProxies: ['127.0.0.1'] })
    const wrong = (forwardedFor: string) => {
      const headers = { authorization: 'Bearer wrong', 'x-forwarded-for': forwardedFor }
      return rawHttp(server.port, { path: whoami, headers })
    }
    for (let i = 0; i < 31; i += 1) await wrong(`10.0.0.${i}, 203.0.113.1`)
    expect((await wrong('203.0.113.1')).status).toBe(429)
    expect((await wrong('203.0.113.2')).status).toBe(401)
  })

  it('who sign in with wrong credentials count too', async () => {
    await using server = await createHttpTestServer()
    const signIn = () =>
      rawHttp(server.port, {
        method: 'POST',
        path: '/session',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: 'guessed' }),
      })
    for (let i = 0; i < 30; i += 1) expect((await signIn()).status).toBe(401)
    expect((await signIn()).status).toBe(429)
  })
})

describe('readiness', () => {
  it('queries the database once a second, however many ask', async () => {
    let asked = 0
    const readiness = async () => ({ ready: (asked += 1) > 1, checks: {} })
    await using server = await createHttpTestServer({ readiness })
    const ask = async () => (await rawHttp(server.port, { path: '/readyz' })).status
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([503, 503, 503])
    server.clock.nowMs += 999
    expect([await ask(), asked]).toEqual([503, 1])
    server.clock.nowMs += 1
    expect([await ask(), asked]).toEqual([200, 2])
  })
})

describe('https', () => {
  it('is enforced in browsers if PUBLIC_URL uses it', async () => {
    await using server = await createHttpTestServer({ publicUrl: 'https://gauges.example' })
    expect((await rawHttp(server.port, { path: '/healthz' })).headers['strict-transport-security']).toBe(
      'max-age=31536000',
    )
    await using plain = await createHttpTestServer()
    expect((await rawHttp(plain.port, { path: '/healthz' })).headers['strict-transport-security']).toBeUndefined()
  })
})

describe('a connection that never sent a byte', () => {
  it('does not delay the shutdown', async () => {
    const server = await createHttpTestServer()
    const idle = connect(server.port, '127.0.0.1')
    await once(idle, 'connect')
    // Until the server has accepted it too.
    await rawHttp(server.port, { path: '/healthz' })
    const gone = once(idle, 'close')
    const from = performance.now()
    await server.server.close(60_000)
    expect(performance.now() - from).toBeLessThan(10_000)
    await gone
    await server[Symbol.asyncDispose]()
  })
})
