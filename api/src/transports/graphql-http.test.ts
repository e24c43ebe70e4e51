import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { HttpTestServer } from '../../test/http-test-server.ts'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import type { GraphQLBody } from '../../test/raw-http.ts'
import { rawHttp } from '../../test/raw-http.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`

function post(server: HttpTestServer, body: string | Buffer, headers: Record<string, string> = {}) {
  return rawHttp(server.port, {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body,
  })
}

function get(server: HttpTestServer, query: string, headers: Record<string, string> = {}) {
  const path = `/graphql?query=${encodeURIComponent(query)}`
  return rawHttp(server.port, { path, headers: { authorization, ...headers } })
}

/** A POST with a socket of the test's own: its first lines. */
function headTo({ port }: HttpTestServer): string {
  const host = `Host: 127.0.0.1:${port}\r\nAuthorization: ${authorization}`
  return `POST /graphql HTTP/1.1\r\n${host}\r\nContent-Type: application/json\r\n`
}

function codesOf(body: string): string[] {
  const { errors = [] } = JSON.parse(body) as GraphQLBody
  return errors.map((error) => error.extensions.code)
}

/** What urql's fetchExchange sends. */
const URQL_ACCEPT =
  'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed'
const whoami = JSON.stringify({ query: '{ whoami }' })

describe('authentication over HTTP', () => {
  it('accepts a token or a session cookie', async () => {
    await using server = await createHttpTestServer()
    expect(JSON.parse((await post(server, whoami)).body)).toEqual({ data: { whoami: 'admin' } })
    const cookie = await server.signIn()
    const byCookie = await rawHttp(server.port, { path: '/graphql?query={whoami}', headers: { cookie } })
    expect(JSON.parse(byCookie.body)).toEqual({ data: { whoami: 'admin' } })
  })

  it.each(['application/json', 'application/graphql-response+json', 'text/event-stream'])(
    'answers 401 with a GraphQL error to a wrong token, accepting %s',
    async (accept) => {
      await using server = await createHttpTestServer()
      const { status, body, headers } = await post(server, whoami, { authorization: 'Bearer wrong', accept })
      expect([status, codesOf(body)]).toEqual([401, ['UNAUTHENTICATED']])
      expect(headers['content-type']).toMatch(/^application\/(graphql-response\+)?json; charset=utf-8$/)
      expect(headers['www-authenticate']).toContain('Bearer')
    },
  )

  it('ignores credentials in the query string', async () => {
    await using server = await createHttpTestServer()
    const path = `/graphql?query={whoami}&token=${ADMIN_TOKEN}&authorization=Bearer%20${ADMIN_TOKEN}`
    expect((await rawHttp(server.port, { path })).status).toBe(401)
  })

  it('answers UNAVAILABLE to a cookie while the session store is down; a token does not need it', async () => {
    await using server = await createHttpTestServer()
    const cookie = await server.signIn()
    server.store.isGone = true
    const { status, body } = await rawHttp(server.port, { path: '/graphql?query={whoami}', headers: { cookie } })
    expect([status, codesOf(body)]).toEqual([503, ['UNAVAILABLE']])
    expect((await post(server, whoami)).status).toBe(200)
  })
})

describe('requests', () => {
  it('are accepted by POST and by GET, with variables and operation name', async () => {
    await using server = await createHttpTestServer()
    const query = 'query A($name: String) { hello(name: $name) } query B { whoami }'
    const variables = { name: 'Ämira \u202e👋' }
    const nothing = { extensions: null, documentId: null }
    const posted = await post(server, JSON.stringify({ query, variables, operationName: 'A', ...nothing }))
    expect(JSON.parse(posted.body)).toEqual({ data: { hello: `hello ${variables.name}` } })
    const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables), operationName: 'A' })
    const got = await rawHttp(server.port, { path: `/graphql?${parameters}`, headers: { authorization } })
    expect(JSON.parse(got.body)).toEqual(JSON.parse(posted.body))
    expect(got.headers['cache-control']).toBe('private, no-cache')
  })

  it.each(['variables={bad', 'extensions=[', 'variables="x"', 'variables=[1]'])(
    'by GET with %s are refused as the caller’s mistake',
    async (parameter) => {
      await using server = await createHttpTestServer()
      const path = `/graphql?query={whoami}&${parameter}`
      const { status, body } = await rawHttp(server.port, { path, headers: { authorization } })
      expect([status, codesOf(body), server.logged]).toEqual([400, ['BAD_REQUEST'], []])
    },
  )

  it('by GET never run a mutation', async () => {
    await using server = await createHttpTestServer()
    const { status, headers } = await get(server, 'mutation { bump }')
    expect([status, headers.allow]).toEqual([405, 'POST'])
    expect(codesOf((await get(server, 'query A { whoami } mutation B { bump }')).body)).toEqual(['BAD_USER_INPUT'])
    expect(server.state.mutations).toBe(0)
    await post(server, '{"query":"mutation { bump }"}')
    expect(server.state.mutations).toBe(1)
  })

  it.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/graphql',
    'application/graphql+json',
    'application/json; charset=utf-16',
    '',
  ])('with the body type %j are refused with 415 and execute nothing', async (type) => {
    await using server = await createHttpTestServer()
    expect((await post(server, '{"query":"mutation { bump }"}', { 'content-type': type })).status).toBe(415)
    expect(server.state.mutations).toBe(0)
  })

  it.each(['application/json; charset=UTF-8', 'Application/JSON', 'application/graphql-response+json'])(
    'with the body type %s are accepted',
    async (type) => {
      await using server = await createHttpTestServer()
      expect((await post(server, whoami, { 'content-type': type })).status).toBe(200)
    },
  )

  it.each([
    ['{', 400],
    ['null', 400],
    ['"query"', 400],
    ['[]', 400],
    [`[${whoami},${whoami}]`, 400],
    ['{"query":7}', 400],
    ['{}', 400],
    ['{"query":"{ whoami }","variables":[1]}', 400],
    ['{"query":"{ whoami }","operationName":7}', 400],
    ['{"query":"{ whoami }","extensions":"x"}', 400],
    ['{"query":"{ whoami }","surprise":1}', 400],
  ])('with the body %s are refused', async (body, status) => {
    await using server = await createHttpTestServer()
    const answer = await post(server, body, { accept: 'application/graphql-response+json' })
    expect(answer.status).toBe(status)
    expect(answer.json().errors?.[0]?.message).toEqual(expect.any(String))
    expect(server.logged).toEqual([])
  })

  it('with a compressed body are refused', async () => {
    await using server = await createHttpTestServer()
    const { status, body } = await post(server, gzipSync(whoami), { 'content-encoding': 'gzip' })
    expect([status, codesOf(body)]).toEqual([415, ['BAD_REQUEST']])
  })

  it('are handled one after the other on a connection, whatever the result of the first', async () => {
    await using server = await createHttpTestServer()
    const request = (body: string, more = '') => `${headTo(server)}${more}Content-Length: ${body.length}\r\n\r\n${body}`
    const socket = connect(server.port, '127.0.0.1')
    socket.write(request('{') + request('{"query":"{ bug }"}') + request(whoami, 'Connection: close\r\n'))
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200', 'HTTP/1.1 200'])
    expect(text).toMatch(/\{"data":\{"whoami":"admin"\}\}$/)
  })

  it.each([whoami.slice(0, 5), ''])('whose client disconnects after %j of the body log nothing', async (part) => {
    await using server = await createHttpTestServer()
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`${headTo(server)}Content-Length: ${whoami.length}\r\n\r\n${part}`)
    socket.end()
    for await (const _ of socket);
    // Resolves only when no request is being worked on any more.
    await server.server.close(60_000)
    expect(server.logged).toEqual([])
  })

  it('in invalid UTF-8 are refused, not repaired', async () => {
    await using server = await createHttpTestServer()
    const whole = Buffer.from('{"query":"{ hello(name: \\"??\\") }"}')
    const body = Buffer.from(whole)
    body.set([0xc3, 0x28], whole.indexOf('??'))
    expect((await post(server, body)).status).toBe(400)
  })

  it('of up to 256 KiB are accepted; larger ones get 413, with and without a length', async () => {
    await using server = await createHttpTestServer()
    const fits = JSON.stringify({ query: '{ whoami }', variables: { x: '' } })
    const padded = (size: number) => fits.replace('"x":""', `"x":"${'y'.repeat(size - fits.length)}"`)
    expect((await post(server, padded(256 * 1024))).status).toBe(200)
    const tooLarge = padded(256 * 1024 + 1)
    const withLength = await post(server, tooLarge)
    expect([withLength.status, codesOf(withLength.body)]).toEqual([413, ['BAD_REQUEST']])
    const chunked = await post(server, padded(4_000_000), { 'transfer-encoding': 'chunked' })
    expect([chunked.status, codesOf(chunked.body)]).toEqual([413, ['BAD_REQUEST']])
  })

  it.each(['with a length', 'in chunks'])('that are too large leave their connection usable, sent %s', async (how) => {
    await using server = await createHttpTestServer()
    const socket = connect(server.port, '127.0.0.1')
    const size = 1_000_000
    const body = 'x'.repeat(size)
    const framed =
      how === 'in chunks'
        ? `Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`
        : `Content-Length: ${size}\r\n\r\n${body}`
    const next = `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`
    socket.write(`${headTo(server)}${framed}${next}`)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
  })
})

describe('answers', () => {
  it('have the media type that the client accepts', async () => {
    await using server = await createHttpTestServer()
    for (const [accept, type] of [
      ['*/*', /^application\/(graphql-response\+)?json/],
      ['application/json', /^application\/json; charset=utf-8/],
      ['application/graphql-response+json', /^application\/graphql-response\+json; charset=utf-8/],
      [URQL_ACCEPT, /^application\/graphql-response\+json/],
    ] as const) {
      expect((await post(server, whoami, { accept })).headers['content-type']).toMatch(type)
    }
  })

  it('that the client could not read are refused before anything is executed', async () => {
    await using server = await createHttpTestServer()
    const answer = await post(server, '{"query":"mutation { bump }"}', { accept: 'image/png' })
    expect([answer.status, codesOf(answer.body)]).toEqual([406, ['BAD_REQUEST']])
    expect(server.state.mutations).toBe(0)
  })

  it('describe a mistake in a document, with a code and the right status', async () => {
    await using server = await createHttpTestServer()
    const accept = 'application/graphql-response+json'
    const cases: [unknown, string][] = [
      [{ query: '{ whoami' }, 'GRAPHQL_PARSE_FAILED'],
      [{ query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
      [{ query: 'query ($v: Int!) { double(value: $v) }', variables: { v: 'x' } }, 'BAD_USER_INPUT'],
      [{ query: 'query ($v: Int!) { double(value: $v) }', variables: { v: 2 ** 40 } }, 'BAD_USER_INPUT'],
    ]
    for (const [body, code] of cases) {
      const answer = await post(server, JSON.stringify(body), { accept })
      expect([code, answer.status, codesOf(answer.body)]).toEqual([code, 400, [code]])
      // A second time from the caches.
      const legacy = await post(server, JSON.stringify(body), { accept: 'application/json' })
      expect([code, legacy.status, codesOf(legacy.body)]).toEqual([code, 200, [code]])
    }
    expect(server.logged).toEqual([])
  })

  it('mask internal errors, with a request id under which each is logged once', async () => {
    await using server = await createHttpTestServer()
    const { body, status, headers, json } = await post(server, '{"query":"{ whoami a: bug brokenType }"}')
    expect(status).toBe(200)
    expect(body).not.toContain('secret')
    const { data, errors = [] } = json()
    expect(data).toEqual({ whoami: 'admin', a: null, brokenType: null })
    expect(errors.map((error) => error.path)).toEqual([['a'], ['brokenType']])
    expect(codesOf(body)).toEqual(['INTERNAL', 'INTERNAL'])
    const requestId = errors[0]?.extensions.requestId
    expect(headers['x-request-id']).toBe(requestId)
    const lines = server.logged.filter((line) => line.requestId === requestId)
    expect(lines.map((line) => JSON.stringify(line.err).includes('secret'))).toEqual([true, true])
  })

  it('log a bug once, however many fields it fails', async () => {
    await using server = await createHttpTestServer()
    const { body } = await post(server, '{"query":"{ a: sameBug b: sameBug }"}')
    expect(codesOf(body)).toEqual(['INTERNAL', 'INTERNAL'])
    expect(server.logged).toHaveLength(1)
  })

  it('distinguish wrong argument values from broken resolvers, also during execution', async () => {
    await using server = await createHttpTestServer()
    // Valid by type (the argument has a default); null is only seen when the field runs.
    const query = 'query ($to: Int) { echo(to: $to) }'
    const { body } = await post(server, JSON.stringify({ query, variables: { to: null } }))
    expect(codesOf(body)).toEqual(['BAD_USER_INPUT'])
    expect(server.logged).toEqual([])
  })

  it('pass refusals on unchanged, and translate known errors of other layers', async () => {
    await using server = await createHttpTestServer()
    const refused = await post(server, '{"query":"{ forbidden }"}')
    expect(refused.json().errors).toEqual([
      expect.objectContaining({ message: 'Not for you.', path: ['forbidden'], extensions: { code: 'FORBIDDEN' } }),
    ])
    const gone = await post(server, '{"query":"{ databaseGone }"}')
    expect(codesOf(gone.body)).toEqual(['UNAVAILABLE'])
    expect(gone.body).not.toContain('10.0.0.7')
    expect(server.logged).toEqual([])
  })
})
