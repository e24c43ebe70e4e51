import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { openRawHttp, rawHttp } from '../../test/raw-http.ts'
import { WsTestClient } from '../../test/ws-client.ts'
import { MAX_ANSWER_BYTES } from '../base/limits.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`
const MEDIA_TYPES = {
  JSON: 'application/json',
  'an event stream': 'text/event-stream',
  multipart: 'multipart/mixed;subscriptionSpec=1.0',
}
const OPERATIONS = {
  query: (length: number) => `{ padded(length: ${length}) }`,
  subscription: (length: number) => `subscription { count(to: 1, padding: ${length}) }`,
}

function requestOf(accept: string, query: string) {
  const headers = { accept, authorization, 'content-type': 'application/json' }
  return { method: 'POST', path: '/graphql', headers, body: JSON.stringify({ query }) }
}

/** Everything up to the first result or error. */
async function firstOf(server: HttpTestServer, accept: string, query: string): Promise<string> {
  const response = await openRawHttp(server.port, requestOf(accept, query))
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    if (text.includes('"data"') || text.includes('"errors"')) break
  }
  return text
}

/** A connection that has sent these queries at once and reads no answer. */
async function unreadAnswers(server: HttpTestServer, queries: number, length: number): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.pause()
  const { path, headers, body } = requestOf(MEDIA_TYPES.JSON, OPERATIONS.query(length))
  const lines = { ...headers, host: `127.0.0.1:${server.port}`, 'content-length': String(body.length) }
  const head = [`POST ${path} HTTP/1.1`, ...Object.entries(lines).map(([name, value]) => `${name}: ${value}`)]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`.repeat(queries))
  return socket
}

describe('an answer that is larger than answers may be', () => {
  const tooLarge = (asked: unknown) => ({
    message: expect.stringMatching(/^The bytes of an answer may be at most 4194304; asked: 42\d{5}\.$/),
    extensions: { code: 'LIMIT_EXCEEDED', limit: 'answerBytes', max: MAX_ANSWER_BYTES, asked },
  })

  it.each([
    ['query', 'JSON'],
    ['query', 'an event stream'],
    ['query', 'multipart'],
    ['subscription', 'an event stream'],
    ['subscription', 'multipart'],
  ] as const)('is an error in its place: of a %s as %s', async (kind, media) => {
    await using server = await createHttpTestServer()
    const text = await firstOf(server, MEDIA_TYPES[media], OPERATIONS[kind](4_200_000))
    const error = /"errors":\[(\{.*?\}\})\]/.exec(text)?.[1]
    expect(JSON.parse(error ?? 'null')).toEqual(tooLarge(expect.any(Number)))
    expect(await firstOf(server, MEDIA_TYPES[media], OPERATIONS[kind](100_000))).toContain('.....')
  })

  it.each(['query', 'subscription'] as const)('is an error in its place: of a %s over WebSocket', async (kind) => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.subscribe(OPERATIONS[kind](4_200_000))
    expect(await client.next()).toEqual({ errors: [tooLarge(expect.any(Number))] })
    await client.close()
  })
})

describe('a caller with more unread answers than it may have', () => {
  it('is refused further operations until it has read, and others are answered', async () => {
    await using server = await createHttpTestServer({ unread: { readFirst: 1_000_000 } })
    const other = server.store.addToken('other')
    const ask = (token = ADMIN_TOKEN) =>
      rawHttp(server.port, {
        ...requestOf(MEDIA_TYPES.JSON, '{ whoami }'),
        headers: { ...requestOf(MEDIA_TYPES.JSON, '').headers, authorization: `Bearer ${token}` },
      })
    const socket = await unreadAnswers(server, 10, 4_000_000)
    await server.state.untilPulledStandsStill()
    const refused = await ask()
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
    const details = { code: 'RATE_LIMITED', limit: 'unreadBytes', max: 1_000_000, retryAfterSeconds: 1 }
    expect(refused.json().errors).toMatchObject([{ extensions: details }])
    expect((await ask(other)).json()).toEqual({ data: { whoami: 'token other' } })
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.subscribe('{ whoami }')
    expect(await client.errors()).toMatchObject([{ extensions: { limit: 'unreadBytes' } }])
    socket.destroy()
    await expect.poll(async () => (await ask()).status).toBe(200)
    await client.close()
    const metrics = await rawHttp(server.port, { path: '/metrics', headers: { authorization } })
    expect(metrics.body).toMatch(/^gaugeline_unread_bytes 0$/m)
  })

  it('loses the connection that holds most', async () => {
    await using server = await createHttpTestServer({ unread: { maxPerCaller: 8_000_000 } })
    const small = await unreadAnswers(server, 1, 3_900_000)
    await server.state.untilPulledStandsStill()
    const large = await unreadAnswers(server, 8, 3_900_000)
    await server.state.untilPulledStandsStill()
    // What has arrived is read before the end of the connection.
    await new Promise((resolve) =>
      large
        .on('error', () => undefined)
        .resume()
        .once('close', resolve),
    )
    let read = 0
    for await (const chunk of small) {
      read += (chunk as Buffer).length
      if (read > 3_900_000) break
    }
    expect(read).toBeGreaterThan(3_900_000)
  })

  it('loses a stream whose reader has stopped, over WebSocket as well', async () => {
    await using server = await createHttpTestServer({ unread: { maxPerCaller: 1_000_000 } })
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.pause()
    for (let n = 0; n < 4; n += 1) client.subscribe(OPERATIONS.query(3_000_000))
    await server.state.untilPulledStandsStill()
    client.resume()
    expect(await client.closed).toMatchObject({ code: 1006 })
  })
})
