import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServerOptions } from '../../test/http-test-server.ts'
import { deferred } from '../base/deferred.ts'
import { openRawHttp, rawHttp, readBytes } from '../../test/raw-http.ts'
import { RefusedError } from '../base/errors.ts'
import { MAX_EXPORTS_PER_CALLER } from '../base/limits.ts'
import { DatabaseGone } from '../../test/http-test-schema.ts'

const PATH = '/export/deployments/RGVwbG95bWVudDox/metrics.csv'
const authorization = `Bearer ${ADMIN_TOKEN}`
const headers = { authorization }

type Parts = AsyncIterable<() => string>
type Open = NonNullable<HttpTestServerOptions['exports']>['open']

const serverWith = (open: Open, more: HttpTestServerOptions = {}) =>
  createHttpTestServer({ ...more, exports: { open } })
const answering = (parts: Parts | Iterable<() => string>) => async () => ({
  contentType: 'text/csv; charset=utf-8',
  fileName: 'chat-v1.0.0.csv',
  parts,
})

describe('an export', () => {
  it('is a file, sent as it is made, for whoever may read: by token or by session', async () => {
    const open = vi.fn<Open>(answering([() => 'at,requests\n', () => '12:00,7\n']))
    await using server = await serverWith(open)
    for (const credential of [headers, { cookie: await server.signIn() }]) {
      const answer = await rawHttp(server.port, { path: `${PATH}?from=a&to=b%20c`, headers: credential })
      expect([answer.status, answer.body]).toEqual([200, 'at,requests\n12:00,7\n'])
      expect(answer.headers).toMatchObject({
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': 'attachment; filename="chat-v1.0.0.csv"',
        'cache-control': 'no-store',
        'transfer-encoding': 'chunked',
        'x-content-type-options': 'nosniff',
      })
    }
    const [target, query] = open.mock.calls[0] ?? []
    expect(target).toEqual({ kind: 'deployment', id: 'RGVwbG95bWVudDox', format: 'csv' })
    expect([...(query ?? [])]).toEqual([
      ['from', 'a'],
      ['to', 'b c'],
    ])
  })

  it('is refused to whoever may not read, and not begun', async () => {
    const open = vi.fn<Open>(answering([]))
    await using server = await serverWith(open)
    const token = server.store.addToken('t1', ['DEPLOY', 'ADMIN'])
    const refused = await rawHttp(server.port, { path: PATH, headers: { authorization: `Bearer ${token}` } })
    expect([refused.status, refused.json().errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN'])
    expect((await rawHttp(server.port, { path: PATH })).status).toBe(401)
    expect(open).not.toHaveBeenCalled()
  })

  it('with a query that is wrong, or from a database that is gone, is an error as on every path', async () => {
    let error: Error = new RefusedError('BAD_USER_INPUT', 'from must lie before to.')
    await using server = await serverWith(async () => {
      throw error
    })
    const ask = async () => {
      const answer = await rawHttp(server.port, { path: PATH, headers })
      return [answer.status, answer.json().errors?.[0]?.extensions.code, answer.headers['content-disposition']]
    }
    expect(await ask()).toEqual([400, 'BAD_USER_INPUT', undefined])
    error = new DatabaseGone('connect ECONNREFUSED')
    expect(await ask()).toEqual([503, 'UNAVAILABLE', undefined])
  })

  it('that fails before its first part is an error, and later a connection that is cut', async () => {
    let ready = 0
    async function* parts() {
      for (let part = 0; part < ready; part++) yield () => 'x\n'
      throw new DatabaseGone('connect ECONNREFUSED')
    }
    await using server = await serverWith(() => answering(parts())())
    expect((await rawHttp(server.port, { path: PATH, headers })).status).toBe(503)
    ready = 2
    const response = await openRawHttp(server.port, { path: PATH, headers })
    expect(response.statusCode).toBe(200)
    await expect(readBytes(response)).rejects.toThrow('aborted')
  })

  it('is at its own paths only, and is only read', async () => {
    await using server = await serverWith(answering([() => 'x']))
    const status = async (path: string, method = 'GET') =>
      (await rawHttp(server.port, { path, method, headers: { ...headers, 'content-length': 0 } })).status
    expect(await status(PATH.replace('csv', 'json'))).toBe(200)
    expect(await status(`${PATH}/`)).toBe(200)
    expect(await status('/export/models/TW9kZWw6MQ==/metrics.json')).toBe(200)
    expect(await status('/export/fleet/metrics.csv')).toBe(200)
    expect(await status(PATH, 'POST')).toBe(405)
    for (const path of [
      '/export',
      '/export/',
      '/export/deployments//metrics.csv',
      '/export/fleet/x/metrics.csv',
      PATH.replace('csv', 'xlsx'),
    ]) {
      expect([path, await status(path)]).toEqual([path, 404])
    }
    const head = await rawHttp(server.port, { path: PATH, method: 'HEAD', headers })
    expect([head.status, head.headers['content-type'], head.body]).toEqual([200, 'text/csv; charset=utf-8', ''])
  })

  it('can be read by pages of an allowed origin, and by no others', async () => {
    const allowedOrigins = ['https://dashboards.example.com']
    await using server = await serverWith(answering([() => 'x']), { allowedOrigins })
    const ask = (origin: string) => rawHttp(server.port, { path: PATH, headers: { ...headers, origin } })
    const answer = await ask('https://dashboards.example.com')
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, allowedOrigins[0]])
    expect(answer.headers['access-control-expose-headers']).toContain('Content-Disposition')
    expect((await ask('https://elsewhere.example.com')).status).toBe(403)
    expect((await rawHttp(server.port, { path: PATH, headers: { ...headers, host: 'rebound.example' } })).status).toBe(
      421,
    )
  })

  it('is made no faster than it is read', async () => {
    let made = 0
    async function* parts() {
      for (; made < 10_000; made++) yield () => 'x'.repeat(60_000)
    }
    await using server = await serverWith(() => answering(parts())())
    const response = await openRawHttp(server.port, { path: PATH, headers })
    response.pause()
    // Nothing more is made once the kernel takes no more.
    await vi.waitFor(
      async () => {
        const before = made
        await new Promise((resolve) => setImmediate(resolve))
        for (let n = 0; n < 50; n++) await rawHttp(server.port, { path: '/healthz' })
        expect([made > 0, made]).toEqual([true, before])
      },
      { timeout: 20_000 },
    )
    // What the sockets of this machine hold, of 600 MB.
    expect(made).toBeLessThan(400)
    response.destroy()
  })

  it('whose reader has stopped is cut, and makes room for others', async () => {
    const ended = deferred()
    async function* parts() {
      try {
        for (;;) yield () => 'x'.repeat(60_000)
      } finally {
        ended.resolve()
      }
    }
    await using server = await serverWith(() => answering(parts())(), { exportStallMs: 200 })
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`GET ${PATH} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: ${authorization}\r\n\r\n`)
    await once(socket, 'readable')
    await expect(ended.promise).resolves.toBeUndefined()
    socket.destroy()
  })

  it('ends with the token that it was begun with', async () => {
    const proceed = deferred()
    async function* parts() {
      yield () => 'first\n'
      await proceed.promise
      yield () => 'second\n'
    }
    await using server = await serverWith(() => answering(parts())())
    const token = server.store.addToken('t1', ['READ'])
    const response = await openRawHttp(server.port, { path: PATH, headers: { authorization: `Bearer ${token}` } })
    const [first] = (await once(response, 'data')) as [Buffer]
    server.revoke('t1')
    proceed.resolve()
    await expect(readBytes(response)).rejects.toThrow('aborted')
    expect(first.toString()).toBe('first\n')
  })

  it('runs beside few others of its caller, and beside those of others', async () => {
    const proceed = deferred()
    let running = 0
    let most = 0
    async function* parts() {
      most = Math.max(most, (running += 1))
      yield () => 'x'
      await proceed.promise
      running -= 1
      yield () => 'y'
    }
    await using server = await serverWith(() => answering(parts())())
    const own = Array.from({ length: 5 }, () => rawHttp(server.port, { path: PATH, headers }))
    await expect.poll(() => running).toBe(MAX_EXPORTS_PER_CALLER)
    const other = { authorization: `Bearer ${server.store.addToken('t1', ['READ'])}` }
    const response = await openRawHttp(server.port, { path: PATH, headers: other })
    expect([response.statusCode, running]).toEqual([200, MAX_EXPORTS_PER_CALLER + 1])
    proceed.resolve()
    response.resume()
    expect((await Promise.all(own)).map(({ body }) => body)).toEqual(['xy', 'xy', 'xy', 'xy', 'xy'])
    expect(most).toBe(MAX_EXPORTS_PER_CALLER + 1)
  })
})

describe('/metrics/deployments', () => {
  it('is answered like /metrics: to a token that may read, by any name of the server', async () => {
    await using server = await createHttpTestServer({
      deploymentMetrics: () => ({ contentType: 'text/plain; version=0.0.4', parts: [() => 'a 1\n', () => 'b 2\n'] }),
    })
    const path = '/metrics/deployments'
    const answer = await rawHttp(server.port, { path, headers: { ...headers, host: '10.1.2.3:4000' } })
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([
      200,
      'text/plain; version=0.0.4',
      'a 1\nb 2\n',
    ])
    expect((await rawHttp(server.port, { path })).status).toBe(401)
    const writer = server.store.addToken('t1', ['DEPLOY'])
    expect((await rawHttp(server.port, { path, headers: { authorization: `Bearer ${writer}` } })).status).toBe(403)
    expect((await rawHttp(server.port, { path, method: 'DELETE', headers })).status).toBe(405)
    const scraped = await rawHttp(server.port, { path: '/metrics', headers })
    expect(scraped.body).toContain(
      'gaugeline_http_requests_total{route="/metrics/deployments",method="GET",status="200"} 1',
    )
  })
})
