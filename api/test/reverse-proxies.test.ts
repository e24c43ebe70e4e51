import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  type RequestOptions,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { PING_MS } from '../src/base/limits.ts'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from './http-test-server.ts'
import { type InstalledProxy, installedProxies, PUBLIC_HOST } from './installed-proxies.ts'
import { reservePort } from './tcp-proxy.ts'

/** What a proxy needs, in few lines; it speaks no TLS, as which the server could not tell anyway. */
const nodeProxy: InstalledProxy = {
  name: 'Node',
  missing: null,
  config: '',
  async start(ports) {
    const server = createServer((req, res) => {
      const headers = { ...req.headers, 'x-forwarded-for': req.socket.remoteAddress }
      const target = { host: '127.0.0.1', port: ports.server, path: req.url, method: req.method, headers }
      const upstream = httpRequest(target, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(res)
      })
      upstream.on('error', () => res.destroy())
      req.pipe(upstream)
      res.on('close', () => upstream.destroy())
    })
    server.on('upgrade', (req, client) => {
      const upstream = connect(ports.server, '127.0.0.1')
      const lines = Object.entries(req.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`)
      upstream.write(`GET ${req.url} HTTP/1.1\r\n${lines.join('')}\r\n`)
      client.pipe(upstream).pipe(client)
      for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
    })
    server.listen(ports.https, '127.0.0.1')
    await once(server, 'listening')
    return {
      ca: Buffer.alloc(0),
      async [Symbol.asyncDispose]() {
        server.close()
        server.closeAllConnections()
        await once(server, 'close')
      },
    }
  },
}

describe.each([...installedProxies(), nodeProxy])('behind $name', (installed) => {
  const skipped = installed.missing === null ? '' : ` (skipped: ${installed.missing})`
  const isMissing = installed.missing !== null
  const hasTls = installed !== nodeProxy
  let server: HttpTestServer
  let proxy: Awaited<ReturnType<InstalledProxy['start']>>
  let port: number
  let httpPort: number
  let publicUrl: string
  let becameReady: () => void
  const readinessAsked = new Promise<void>((resolve) => (becameReady = resolve))

  beforeAll(async () => {
    if (isMissing) return
    const reserved = await Promise.all([reservePort(), reservePort()])
    ;[port = 0, httpPort = 0] = reserved.map((one) => one.port)
    publicUrl = `https://${PUBLIC_HOST}:${port}`
    const readiness = async () => {
      becameReady()
      return { ready: true, checks: { database: 'ok' as const } }
    }
    server = await createHttpTestServer({ publicUrl, readiness, trustedProxies: ['127.0.0.1'] })
    for (const { release } of reserved) await release()
    proxy = await installed.start({ https: port, http: httpPort, server: server.port })
  })
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  /** Sends one request to the proxy, at the public host name. */
  async function open(
    { headers, ...options }: Omit<RequestOptions, 'headers'> & { headers: OutgoingHttpHeaders },
    body = '',
  ): Promise<IncomingMessage> {
    const all = { host: `${PUBLIC_HOST}:${port}`, 'content-type': 'application/json', ...headers }
    const target = { host: '127.0.0.1', port, path: '/graphql', method: 'POST', agent: false, ...options, headers: all }
    const overTls = { ...target, ca: proxy.ca, servername: PUBLIC_HOST }
    const request = hasTls && target.port === port ? httpsRequest(overTls) : httpRequest(target)
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  }

  const authorization = `Bearer ${ADMIN_TOKEN}`
  const body = (query: string) => JSON.stringify({ query })

  it.skipIf(isMissing)(
    `queries are answered, and a body that is too large in the form of a GraphQL error${skipped}`,
    async () => {
      const response = await open({ headers: { authorization } }, body('{ whoami }'))
      expect([response.statusCode, await text(response)]).toEqual([200, '{"data":{"whoami":"admin"}}'])
      expect(response.headers['strict-transport-security']).toBeDefined()
      // The little proxy loses an answer that comes before it has sent the whole body.
      if (!hasTls) return
      const large = await open({ headers: { authorization } }, body(`{ whoami } #${'.'.repeat(300_000)}`))
      expect([large.statusCode, JSON.parse(await text(large))]).toMatchObject([413, { errors: [{ extensions: {} }] }])
    },
  )

  it.skipIf(isMissing)(`an answer is passed on packed, or not at all to who has it${skipped}`, async () => {
    const path = '/graphql?query={padded(length:5000)}'
    const headers = { authorization, 'accept-encoding': 'gzip' }
    const first = await open({ path, method: 'GET', headers })
    expect(first.headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(await buffer(first)).toString())).toEqual({ data: { padded: '.'.repeat(5_000) } })
    const again = await open({ path, method: 'GET', headers: { ...headers, 'if-none-match': first.headers.etag } })
    expect([again.statusCode, await text(again)]).toEqual([304, ''])
  })

  it.skipIf(isMissing)(`an event stream delivers each event at once, while it is open${skipped}`, async () => {
    const headers = { authorization, accept: 'text/event-stream' }
    const stream = await open({ headers }, body('subscription { count(to: 3) }'))
    let received = ''
    for await (const chunk of stream.setEncoding('utf8')) {
      received += String(chunk)
      if (received.includes('"count":"3"')) break
    }
    expect(received).toContain('"count":"1"')
    // The source is still open: nothing but what was sent at once could be read.
    expect(server.state.closedSources).toBe(0)
  })

  it.skipIf(isMissing)(
    `wrong credentials count for the caller's own address, whatever it claims${skipped}`,
    async () => {
      const statuses = new Set<number | undefined>()
      for (let n = 0; n < 31; n += 1) {
        const headers = { authorization: `Bearer gl_wrong_${n}`, 'x-forwarded-for': `10.0.${n}.1` }
        const response = await open({ headers }, body('{ whoami }'))
        response.resume()
        statuses.add(response.statusCode)
      }
      expect([...statuses]).toEqual([401, 429])
      // Of loopback addresses, Linux has millions.
      if (process.platform !== 'linux') return
      const neighbour = { localAddress: '127.0.0.2', headers: { authorization: 'Bearer gl_wrong' } }
      const response = await open(neighbour, body('{ whoami }'))
      response.resume()
      expect(response.statusCode).toBe(401)
    },
  )

  it.skipIf(isMissing)(`a WebSocket delivers until the server restarts, and says so${skipped}`, async () => {
    const { ca } = proxy
    const options = { ca, servername: PUBLIC_HOST, headers: { host: `${PUBLIC_HOST}:${port}`, origin: publicUrl } }
    const client = createClient({
      url: `${hasTls ? 'wss' : 'ws'}://127.0.0.1:${port}/graphql`,
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocols: string[]) {
          super(address, protocols, options)
        }
      },
      connectionParams: { authorization },
      retryAttempts: 0,
    })
    const results = client.iterate({ query: 'subscription { count(to: 2) }' })
    const next = async () => (await results.next()).value as unknown
    expect([await next(), await next()]).toEqual([{ data: { count: '1' } }, { data: { count: '2' } }])
    const ended = next()
    void server.server.close(1_000)
    await expect(ended).rejects.toMatchObject({ code: 1012, reason: 'Service restart' })
  })

  if (!hasTls) return
  it.skipIf(isMissing)(
    `http leads to https, and the health check of the page finds the server ready${skipped}`,
    async () => {
      const headers = { host: PUBLIC_HOST }
      const response = await open({ port: httpPort, method: 'GET', path: '/deployments?q=1', headers })
      expect(response.statusCode).toBe(308)
      expect(response.headers.location).toMatch(new RegExp(`^https://${PUBLIC_HOST}(:\\d+)?/deployments\\?q=1$`))
      if (installed.config.includes('/readyz')) await readinessAsked
    },
  )

  it('no timeout of the page is shorter than two pings', () => {
    const seconds = [
      ...installed.config.matchAll(/(?:(?:read|send)_timeout|timeout (?:client|server|tunnel)) +(\d+)s/g),
    ]
    expect(installed.name === 'Caddy' || seconds.length >= 2).toBe(true)
    for (const [line, value] of seconds) expect([line, Number(value) * 1000 >= 2 * PING_MS]).toEqual([line, true])
  })
})
