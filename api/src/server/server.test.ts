import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, LISTEN_OPTIONS } from '../../test/http-test-server.ts'
import { nextAccepted, pipeline, rawHttp } from '../../test/raw-http.ts'
import { UpgradeRefused, WsTestClient } from '../../test/ws-client.ts'
import { HttpServer, ListenError } from './server.ts'

const log = pino({ level: 'silent' })
const authorization = `Bearer ${ADMIN_TOKEN}`
const query = { method: 'POST', path: '/graphql', body: '{"query":"{ whoami }"}' }
const json = { 'content-type': 'application/json', authorization }

async function upgradeStatus(origin: string, headers: Record<string, string>): Promise<number> {
  try {
    const client = await WsTestClient.open(origin, { headers })
    await client.close()
    return 101
  } catch (error) {
    if (error instanceof UpgradeRefused) return error.status
    throw error
  }
}

describe('listening', () => {
  it('fails with one line when the port is taken, and leaves nothing open', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const server = new HttpServer({ ...LISTEN_OPTIONS, port, log })
    await expect(server.listen()).rejects.toThrow(ListenError)
    const line = `Cannot listen on 127.0.0.1, port ${port}: another program is listening there. Stop it, or set PORT `
    await expect(server.listen()).rejects.toThrow(`${line}to a free port.`)
    await new Promise((resolve) => taken.close(resolve))
  })

  it('fails with one line when the machine does not have the address', async () => {
    const server = new HttpServer({ ...LISTEN_OPTIONS, host: '192.0.2.1', log })
    await expect(server.listen()).rejects.toThrow('this machine has no such address. Set HOST to one that it has.')
  })

  it('comes before serving: until then everything but /healthz answers 503', async () => {
    const server = new HttpServer({ ...LISTEN_OPTIONS, log })
    const { port, localOrigin } = await server.listen()
    expect((await rawHttp(port, { path: '/healthz' })).status).toBe(200)
    for (const path of ['/', '/graphql', '/readyz', '/session', '/metrics']) {
      const { status, headers } = await rawHttp(port, { path })
      expect([path, status, headers['retry-after']]).toEqual([path, 503, '1'])
    }
    expect(await upgradeStatus(localOrigin, {})).toBe(503)
    expect((await rawHttp(port, { path: '/', headers: { origin: 'http://evil.example' } })).status).toBe(403)
    await server.close(1_000)
  })
})

describe('Host and Origin', () => {
  it('are checked on requests', async () => {
    await using server = await createHttpTestServer()
    const { port } = server
    const foreignHost = await rawHttp(port, { ...query, headers: { ...json, host: `evil.example:${port}` } })
    expect(foreignHost.status).toBe(421)
    expect(foreignHost.json().errors?.[0]?.message).toContain(server.origin)
    const foreignOrigin = await rawHttp(port, { ...query, headers: { ...json, origin: 'http://evil.example' } })
    expect(foreignOrigin.status).toBe(403)
    expect(foreignOrigin.headers['access-control-allow-origin']).toBeUndefined()
    const own = await rawHttp(port, { ...query, headers: { ...json, origin: server.origin } })
    expect(JSON.parse(own.body)).toEqual({ data: { whoami: 'admin' } })
  })

  it('are checked on WebSocket upgrades', async () => {
    await using server = await createHttpTestServer({ allowedOrigins: ['https://app.example'] })
    const { origin, port } = server
    expect(await upgradeStatus(origin, { host: `evil.example:${port}` })).toBe(421)
    expect(await upgradeStatus(origin, { host: `localhost:${port}` })).toBe(101)
    expect(await upgradeStatus(origin, { host: `localhost:${port}`, origin: 'http://localhost:1' })).toBe(403)
    expect(await upgradeStatus(origin, { origin: 'http://evil.example' })).toBe(403)
    expect(await upgradeStatus(origin, { origin: 'null' })).toBe(403)
    expect(await upgradeStatus(origin, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await upgradeStatus(origin, { origin })).toBe(101)
    expect(await upgradeStatus(origin, { origin: 'https://app.example' })).toBe(101)
    expect(await upgradeStatus(origin, {})).toBe(101)
  })

  it('redirect from localhost to the canonical host', async () => {
    await using server = await createHttpTestServer()
    const headers = { host: `localhost:${server.port}`, accept: 'text/html' }
    const { status, headers: answered } = await rawHttp(server.port, { path: '/deployments?a=b', headers })
    expect([status, answered.location]).toEqual([308, `${server.origin}/deployments?a=b`])
  })

  it('are not fooled by a second Host header', async () => {
    await using server = await createHttpTestServer()
    const socket = connect(server.port, '127.0.0.1')
    const hosts = `Host: 127.0.0.1:${server.port}\r\nHost: evil.example`
    socket.write(`GET /session HTTP/1.1\r\n${hosts}\r\nConnection: close\r\n\r\n`)
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('CORS', () => {
  const allowed = 'https://app.example'
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }

  it('allows a configured origin, and no other', async () => {
    await using server = await createHttpTestServer({ allowedOrigins: [allowed] })
    const { headers, body } = await rawHttp(server.port, {
      ...query,
      headers: { ...json, origin: allowed, 'sec-fetch-site': 'cross-site' },
    })
    expect(JSON.parse(body)).toEqual({ data: { whoami: 'admin' } })
    expect(headers['access-control-allow-origin']).toBe(allowed)
    expect(headers['access-control-allow-credentials']).toBe('true')
    expect(headers.vary).toContain('Origin')
    const own = await rawHttp(server.port, { ...query, headers: { ...json, origin: server.origin } })
    expect(own.headers['access-control-allow-origin']).toBeUndefined()
    expect(own.headers.vary).toContain('Origin')
  })

  it('answers the preflight of an allowed origin without a credential, and refuses any other', async () => {
    await using server = await createHttpTestServer({ allowedOrigins: [allowed], allowedHeaders: ['x-tenant'] })
    const options = { method: 'OPTIONS', path: '/graphql' }
    const good = await rawHttp(server.port, { ...options, headers: { ...preflight, origin: allowed } })
    expect(good.status).toBe(204)
    expect(good.headers['access-control-allow-origin']).toBe(allowed)
    expect(good.headers['access-control-allow-methods']).toBe('GET, POST')
    expect(good.headers['access-control-allow-headers']).toContain('Authorization')
    // What GraphQL clients and tracing add by themselves, and what ALLOWED_HEADERS names.
    for (const name of ['apollographql-client-name', 'apollographql-client-version', 'traceparent', 'x-tenant']) {
      const names = good.headers['access-control-allow-headers']?.toLowerCase().split(', ')
      expect(names).toContain(name)
    }
    const bad = await rawHttp(server.port, { ...options, headers: { ...preflight, origin: 'https://evil.example' } })
    expect(bad.status).toBe(403)
    expect(bad.headers['access-control-allow-origin']).toBeUndefined()
  })

  it('covers the API only: no other origin can sign anybody in or out', async () => {
    await using server = await createHttpTestServer({ allowedOrigins: [allowed] })
    for (const [path, status] of [
      ['/session', 403],
      ['/', 403],
      ['/metrics', 200],
    ] as const) {
      const answer = await rawHttp(server.port, { path, headers: { origin: allowed, authorization } })
      expect([path, answer.status, answer.headers['access-control-allow-origin']]).toEqual([path, status, undefined])
    }
  })
})

describe('routes', () => {
  it('set security headers and a request id on every response', async () => {
    await using server = await createHttpTestServer()
    for (const path of ['/healthz', '/graphql', '/nothing.js', '/session']) {
      const { headers } = await rawHttp(server.port, { path })
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      })
    }
  })

  it('/schema.graphql and /metrics need a credential', async () => {
    await using server = await createHttpTestServer()
    for (const path of ['/schema.graphql', '/metrics']) {
      const refused = await rawHttp(server.port, { path })
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer realm="gaugeline"'])
      expect(refused.json().errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' })
    }
    const sdl = await rawHttp(server.port, { path: '/schema.graphql', headers: { authorization } })
    expect(sdl.body).toContain('type Subscription {')
    const metrics = await rawHttp(server.port, { path: '/metrics', headers: { cookie: await server.signIn() } })
    expect(metrics.headers['content-type']).toContain('text/plain')
    expect(metrics.body).toContain('process_resident_memory_bytes')
    expect(metrics.body).toContain('gaugeline_live_connections{transport="websocket"} 0')
  })

  it('/readyz lists its checks, and answers 200 when degraded and 503 when unready', async () => {
    let database: 'ok' | 'down' = 'ok'
    await using server = await createHttpTestServer({
      readiness: async () => ({ ready: database === 'ok', checks: { database, bus: 'degraded' } }),
    })
    const degraded = await rawHttp(server.port, { path: '/readyz', headers: { host: '10.0.0.1' } })
    expect([degraded.status, JSON.parse(degraded.body)]).toEqual([
      200,
      { status: 'degraded', checks: { database: 'ok', bus: 'degraded' } },
    ])
    database = 'down'
    server.clock.nowMs += 1000
    const unready = await rawHttp(server.port, { path: '/readyz' })
    expect([unready.status, unready.json<{ status: string }>().status]).toEqual([503, 'unready'])
  })

  it('refuse unknown methods, and list the allowed ones', async () => {
    await using server = await createHttpTestServer()
    const put = await rawHttp(server.port, { method: 'PUT', path: '/graphql' })
    expect([put.status, put.headers.allow]).toEqual([405, 'GET, POST'])
    const post = await rawHttp(server.port, { method: 'POST', path: '/metrics' })
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it('do not mind a slash at the end', async () => {
    await using server = await createHttpTestServer()
    const answer = await rawHttp(server.port, { ...query, path: '/graphql/', headers: json })
    expect(answer.json()).toEqual({ data: { whoami: 'admin' } })
    expect((await rawHttp(server.port, { path: '/healthz/' })).body).toBe('ok\n')
    const socket = await WsTestClient.connect(server.origin, ADMIN_TOKEN, { path: '/graphql/' })
    await socket.close()
  })

  it('answer a wrong path with 404 and where GraphQL is, whatever the method', async () => {
    await using server = await createHttpTestServer()
    for (const path of ['/api/graphql', '/graphq', '/deployments/x']) {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        const answer = await rawHttp(server.port, { method, path, headers: { accept: 'application/json, */*' } })
        expect([path, method, answer.status, answer.headers.allow]).toEqual([path, method, 404, undefined])
        const [error] = answer.json().errors ?? []
        expect(error).toEqual({
          message: `There is nothing at ${path}. GraphQL is at /graphql.`,
          extensions: { code: 'NOT_FOUND' },
        })
      }
    }
    // The page is there, but for GET only.
    const root = await rawHttp(server.port, { ...query, path: '/', headers: json })
    expect([root.status, root.headers.allow]).toEqual([405, 'GET, HEAD'])
    expect(root.json().errors?.[0]?.message).toBe('Use GET, HEAD here. GraphQL is at /graphql.')
  })

  it('answer an internal error with a request id and no details, and log it once', async () => {
    await using server = await createHttpTestServer({
      readiness: async () => {
        throw new Error('secret detail of readiness')
      },
    })
    const { status, body, json } = await rawHttp(server.port, { path: '/readyz' })
    expect(status).toBe(500)
    expect(body).not.toContain('secret')
    const { requestId, code } = json().errors?.[0]?.extensions ?? {}
    expect(code).toBe('INTERNAL')
    expect(server.logged.filter((line) => line.requestId === requestId)).toHaveLength(1)
  })
})

describe('a reader who has stopped', () => {
  it('is disconnected after a time without traffic', async () => {
    await using server = await createHttpTestServer({ idleTimeoutMs: 2_000 })
    const accepted = nextAccepted()
    // More than the kernel takes.
    const queries = Array.from({ length: 12 }, (_, n) => ({
      query: 'query ($length: Int!) { padded(length: $length) }',
      variables: JSON.stringify({ length: 4_000_000 + n }),
    }))
    const stalled = pipeline(server.port, authorization, 'application/json', queries).pause()
    stalled.on('error', () => undefined)
    const connection = await accepted
    await once(connection, 'close')
    expect(server.state.pulled).toBe(12)
    expect(connection.bytesWritten).toBeLessThan(48_000_000)
    stalled.destroy()
  })
})
