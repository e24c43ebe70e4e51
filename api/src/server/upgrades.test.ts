import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { nextAccepted } from '../../test/raw-http.ts'

/** What Java's HTTP client and `curl --http2` send with each request. */
const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAEAAEAAAAIAAAAB']
const CLOSE = ['Connection: close']

function head(server: HttpTestServer, line: string, headers: readonly string[]): string {
  const own = [`Host: 127.0.0.1:${server.port}`, `Authorization: Bearer ${ADMIN_TOKEN}`]
  return `${[line, ...own, ...headers].join('\r\n')}\r\n\r\n`
}

/** A GET of a query, as bytes. */
const get = (server: HttpTestServer, query: string, headers: readonly string[], version = '1.1') =>
  head(server, `GET /graphql?query=${query} HTTP/${version}`, headers)

/** A POST of an operation, as bytes. */
function post(server: HttpTestServer, query: string, headers: readonly string[], isChunked = false): string {
  const body = JSON.stringify({ query })
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
  const chunks = [body.slice(0, 9), body.slice(9), ''].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`)
  const lines = [...headers, framing, 'Content-Type: application/json']
  return head(server, 'POST /graphql HTTP/1.1', lines) + (isChunked ? chunks.join('') : body)
}

/** Sends the parts, each once the server has read the one before; gives what comes until the connection is closed. */
async function exchange(server: HttpTestServer, ...parts: string[]): Promise<string> {
  const accepted = nextAccepted()
  const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true })
  const theirs = await accepted
  let answer = ''
  socket.on('data', (data) => (answer += String(data)))
  const closed = once(socket, 'close')
  let sent = 0
  for (const part of parts) {
    socket.write(part, 'latin1')
    sent += part.length
    while (theirs.bytesRead < sent && !theirs.destroyed) await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
  return answer
}

const statusesOf = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
const dataOf = (answer: string) =>
  [...answer.matchAll(/^\{"data":.*?\}\}/gm)].map(([body]) =>
    Object.values((JSON.parse(body) as { data: Record<string, unknown> }).data),
  )

describe('an upgrade to something else than WebSocket', () => {
  it('is ignored: the request is answered', async () => {
    await using server = await createHttpTestServer()
    for (const headers of [
      H2C,
      ['Connection: upgrade', 'Upgrade: TLS/1.0'],
      ['Connection: Upgrade', 'Upgrade: a, b/2'],
    ]) {
      const answer = await exchange(server, get(server, '{whoami}', headers) + get(server, '{whoami}', CLOSE))
      expect([headers, statusesOf(answer)]).toEqual([headers, [200, 200]])
    }
  })

  it.each([
    ['with its length', false],
    ['in chunks', true],
  ])('leaves the body of a POST %s as it is, wherever packets divide it', async (_name, isChunked) => {
    await using server = await createHttpTestServer()
    const request = post(server, 'mutation{bump}', H2C, isChunked)
    const last = post(server, '{whoami}', CLOSE, isChunked)
    const body = request.indexOf('\r\n\r\n') + 4
    for (const at of [1, 60, body - 2, body, body + 1, body + 12, request.length - 1, request.length]) {
      const { mutations } = server.state
      const answer = await exchange(server, request.slice(0, at), request.slice(at), last)
      expect([at, dataOf(answer)]).toEqual([at, [[mutations + 1], ['admin']]])
    }
  })

  it('keeps the connection, however many requests offer it, one by one or pipelined', async () => {
    await using server = await createHttpTestServer()
    const warnings: Error[] = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on('warning', warn)
    const requests = Array.from({ length: 40 }, (_, i) => [
      post(server, 'mutation{bump}', H2C, i % 2 === 0),
      get(server, '{whoami}', i % 3 === 0 ? H2C : []),
    ]).flat()
    const expected = Array.from({ length: 40 }, (_, i) => [[i + 1], ['admin']]).flat()
    expect(dataOf(await exchange(server, ...requests, get(server, '{whoami}', CLOSE)))).toEqual([
      ...expected,
      ['admin'],
    ])
    server.state.mutations = 0
    const pipelined = requests.join('') + get(server, '{whoami}', CLOSE)
    expect(dataOf(await exchange(server, pipelined))).toEqual([...expected, ['admin']])
    process.off('warning', warn)
    expect(warnings).toEqual([])
  })

  it('waits for the answers to earlier requests of its connection, in order', async () => {
    await using server = await createHttpTestServer()
    const parts = [get(server, '{wait}', []), get(server, '{whoami}', H2C), get(server, '{double(value:2)}', CLOSE)]
    const answer = exchange(server, parts.join(''))
    await server.state.untilWaiting()
    server.state.release()
    expect(dataOf(await answer)).toEqual([['waited'], ['admin'], [4]])
  })

  it('does not keep a connection whose reader has stopped beyond the idle time', async () => {
    await using server = await createHttpTestServer({ idleTimeoutMs: 300 })
    const accepted = nextAccepted()
    const socket = connect(server.port, '127.0.0.1').pause()
    const query = encodeURIComponent('query ($length: Int!) { padded(length: $length) }')
    const large = Array.from({ length: 6 }, (_, n) => get(server, `${query}&variables={"length":${4_000_000 + n}}`, []))
    socket.write(large.join('') + get(server, '{whoami}', H2C))
    const connection = await accepted
    await once(connection, 'close')
    expect(server.state.pulled).toBe(6)
    expect(connection.bytesWritten).toBeLessThan(24_000_000)
    socket.destroy()
  })

  it('leaves every check in force: the size of a body, and its host', async () => {
    await using server = await createHttpTestServer()
    const large = head(server, 'POST /graphql HTTP/1.1', [
      ...H2C,
      'Content-Type: application/json',
      'Content-Length: 300000',
    ])
    expect(statusesOf(await exchange(server, large + 'x'.repeat(300_000) + get(server, '{whoami}', CLOSE)))).toEqual([
      413, 200,
    ])
    const foreign = `GET /graphql HTTP/1.1\r\nHost: evil.example\r\n${H2C.join('\r\n')}\r\n\r\n`
    expect(statusesOf(await exchange(server, foreign + get(server, '{whoami}', CLOSE)))).toEqual([421, 200])
  })

  it('is answered 503 during a shutdown, and its connection is closed', async () => {
    await using server = await createHttpTestServer()
    const waiting = exchange(server, get(server, '{wait}', []) + get(server, '{whoami}', H2C))
    await server.state.untilWaiting()
    const closed = server.server.close(60_000)
    server.state.release()
    expect(statusesOf(await waiting)).toEqual([200, 503])
    await closed
  })

  it('cannot hide a request in another one', async () => {
    await using server = await createHttpTestServer()
    const hidden = post(server, 'mutation{bump}', [])
    const pads = Array.from({ length: 1500 }, (_, i) => `a${i % 10}:`)
    const length = `Content-Length: ${hidden.length}`
    // In each of them, what is hidden is the body of the first request, or the request is refused.
    for (const headers of [
      [...H2C, length],
      ['Upgrade: h2c', length, 'Connection: Upgrade', 'Upgrade: TLS/1.0'],
      [...H2C, length, 'Upgrade: x', 'X-Folded: a', ` ${length}`],
      [...H2C, 'X-Upgrade: a\rUpgrade: b', length],
      [...H2C, 'X-Bytes: \xff\x85\xa0', length],
      // Beyond the number of headers that Node keeps by default.
      [...H2C, ...pads, length],
      [...H2C, length, 'Transfer-Encoding: chunked'],
      [...H2C, length, length],
      [...H2C, 'Transfer-Encoding: chunked, identity', length],
    ]) {
      const request = head(server, 'POST /graphql HTTP/1.1', ['Content-Type: application/json', ...headers])
      const [first] = statusesOf(await exchange(server, request + hidden + get(server, '{whoami}', CLOSE)))
      expect([headers.slice(0, 6), first, server.state.mutations]).toEqual([headers.slice(0, 6), 400, 0])
    }
    // A second Host is seen wherever it is.
    const hosts = get(server, '{whoami}', [...H2C, ...pads, 'Host: evil.example'])
    expect(statusesOf(await exchange(server, hosts + get(server, '{whoami}', CLOSE)))).toEqual([400, 200])
  })
})

describe('an upgrade to WebSocket', () => {
  const handshake = ['Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']

  it('is taken from a list of protocols', async () => {
    await using server = await createHttpTestServer()
    for (const upgrade of ['WebSocket', 'h2c, websocket', 'websocket,h2c']) {
      const request = head(server, 'GET /graphql HTTP/1.1', [...handshake, `Upgrade: ${upgrade}`])
      const answer = await exchange(server, request, '\x88\x80\0\0\0\0')
      expect([upgrade, statusesOf(answer)]).toEqual([upgrade, [101]])
    }
  })

  it('is not for HTTP/1.0, where a server must ignore it', async () => {
    await using server = await createHttpTestServer()
    const answer = await exchange(server, get(server, '{whoami}', [...handshake, 'Upgrade: websocket'], '1.0'))
    expect(dataOf(answer)).toEqual([['admin']])
  })
})
