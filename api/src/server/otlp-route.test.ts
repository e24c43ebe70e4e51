import { gzipSync } from 'node:zlib'
import { PbfReader } from 'pbf'
import { describe, expect, it, vi } from 'vitest'
import { DatabaseGone } from '../../test/http-test-schema.ts'
import { createHttpTestServer, type HttpTestServer, type HttpTestServerOptions } from '../../test/http-test-server.ts'
import { RefusedError } from '../base/errors.ts'
import { MAX_REPORT_BYTES } from '../base/limits.ts'
import type { OtlpReports } from './otlp-route.ts'

type Receive = OtlpReports['receive']
const ALL_TAKEN = { rejected: 0, message: '' }
const SOME_REFUSED = { rejected: 3, message: 'x has no time (timeUnixNano).' }
const PROTOBUF = 'application/x-protobuf'
const JSON_TYPE = 'application/json'

const serverWith = (receive: Receive, more: HttpTestServerOptions = {}) =>
  createHttpTestServer({ ...more, otlp: { receive } })

interface Sent {
  body?: Buffer | string
  headers?: Record<string, string>
  path?: string
}

/** Posts as a token of scope REPORT does, in protobuf unless the headers say otherwise. */
async function post({ origin, store }: HttpTestServer, { body = '', headers = {}, path = '/v1/metrics' }: Sent = {}) {
  const authorization = `Bearer ${store.addToken('reporter', ['REPORT'])}`
  const response = await fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': PROTOBUF, authorization, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, type: response.headers.get('content-type'), bytes }
}

/** google.rpc.Status, or ExportMetricsPartialSuccess: a number and a text in both. */
function readPair(bytes: Uint8Array): [number, string] {
  const pbf = new PbfReader(bytes)
  let [number, text] = [0, '']
  for (let field = pbf.nextField(); field !== 0; field = pbf.nextField()) {
    if (field === 1) number = pbf.readVarint()
    else text = pbf.readString()
  }
  return [number, text]
}

describe('POST /v1/metrics', () => {
  it('answers in the encoding of the request, without a word when everything was taken', async () => {
    const receive = vi.fn<Receive>(async () => ALL_TAKEN)
    await using server = await serverWith(receive)
    const inProtobuf = await post(server, { body: Buffer.from([1, 2, 3]) })
    expect(inProtobuf).toMatchObject({ status: 200, type: PROTOBUF, bytes: Buffer.alloc(0) })
    const inJson = await post(server, { body: '{}', headers: { 'content-type': 'application/json; charset=utf-8' } })
    expect(inJson).toMatchObject({ status: 200, type: JSON_TYPE, bytes: Buffer.from('{}') })
    expect(receive.mock.calls.map(([body, encoding]) => [Buffer.from(body), encoding])).toEqual([
      [Buffer.from([1, 2, 3]), 'protobuf'],
      [Buffer.from('{}'), 'json'],
    ])
  })

  it('says how many data points were refused, and why', async () => {
    await using server = await serverWith(async () => SOME_REFUSED)
    const { bytes } = await post(server)
    const pbf = new PbfReader(bytes)
    expect(pbf.nextField()).toBe(1)
    expect(readPair(pbf.readBytes())).toEqual([3, SOME_REFUSED.message])
    const inJson = await post(server, { body: '{}', headers: { 'content-type': JSON_TYPE } })
    expect(JSON.parse(inJson.bytes.toString())).toEqual({
      partialSuccess: { rejectedDataPoints: '3', errorMessage: SOME_REFUSED.message },
    })
  })

  it('unpacks gzip, also below the path of PUBLIC_URL, and tells which deployment the token is bound to', async () => {
    const receive = vi.fn<Receive>(async () => ALL_TAKEN)
    await using server = await serverWith(receive, { basePath: '/gauge', publicUrl: 'http://127.0.0.1/gauge' })
    const token = server.store.addToken('bound', ['REPORT'])
    for (const known of server.store.tokens.values()) known.deploymentId = 'd1'
    const headers = { 'content-encoding': 'gzip', authorization: `Bearer ${token}` }
    for (const size of [10, 100_000]) {
      const body = Buffer.alloc(size, 7)
      expect((await post(server, { body: gzipSync(body), headers, path: '/gauge/v1/metrics' })).status).toBe(200)
      const [received, , boundTo] = receive.mock.lastCall ?? []
      expect(Buffer.from(received ?? []).equals(body)).toBe(true)
      expect(boundTo).toBe('d1')
    }
  })

  it.each([
    ['a bomb', gzipSync(Buffer.alloc(MAX_REPORT_BYTES + 1)), 413, /^The unpacked body is larger than 4194304 bytes/],
    ['a larger bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024)), 413, /^The unpacked body is larger/],
    ['one that is cut off', gzipSync(Buffer.alloc(100_000, 'ab')).subarray(0, 60), 400, /^The body is not valid gzip/],
    ['no gzip', Buffer.from('plain'), 400, /^The body is not valid gzip, or it is cut off/],
  ])('refuses %s in gzip, and nothing of it is worked on', async (_name, body, status, message) => {
    const receive = vi.fn<Receive>(async () => ALL_TAKEN)
    await using server = await serverWith(receive)
    const answer = await post(server, { body, headers: { 'content-encoding': 'gzip' } })
    expect([answer.status, answer.type]).toEqual([status, PROTOBUF])
    expect(readPair(answer.bytes)).toEqual([3, expect.stringMatching(message)])
    expect(receive).not.toHaveBeenCalled()
  })

  it('refuses what is too large as it is', async () => {
    await using server = await serverWith(async () => ALL_TAKEN)
    expect((await post(server, { body: Buffer.alloc(MAX_REPORT_BYTES + 1) })).status).toBe(413)
    expect((await post(server, { body: Buffer.alloc(MAX_REPORT_BYTES) })).status).toBe(200)
  })

  it.each([
    [
      'another type',
      { 'content-type': 'text/plain' },
      415,
      JSON_TYPE,
      3,
      /^Send Content-Type: application\/x-protobuf or/,
    ],
    ['another packing', { 'content-encoding': 'br' }, 415, PROTOBUF, 3, /^Send the body with Content-Encoding: gzip/],
    ['no such token', { authorization: 'Bearer gl_x' }, 401, PROTOBUF, 16, /^This token is not valid/],
  ])('refuses %s in the type of the request', async (_name, headers, status, type, code, message) => {
    await using server = await serverWith(async () => ALL_TAKEN)
    const answer = await post(server, { headers })
    expect([answer.status, answer.type]).toEqual([status, type])
    const told =
      type === PROTOBUF ? readPair(answer.bytes) : Object.values(JSON.parse(answer.bytes.toString()) as object)
    expect(told).toEqual([code, expect.stringMatching(message)])
    expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer realm="gaugeline"' : null)
  })

  it('needs a bearer token with the scope REPORT: neither a session nor another scope will do', async () => {
    await using server = await serverWith(async () => ALL_TAKEN)
    const read = server.store.addToken('reader', ['READ', 'ADMIN'])
    const forbidden = await post(server, { headers: { authorization: `Bearer ${read}` } })
    expect(forbidden.status).toBe(403)
    expect(readPair(forbidden.bytes)).toEqual([7, 'This needs the scope REPORT; token reader has READ, ADMIN.'])
    const cookie = await server.signIn()
    const headers = { 'content-type': PROTOBUF, cookie }
    expect((await fetch(`${server.origin}/v1/metrics`, { method: 'POST', headers })).status).toBe(401)
    const foreign = await post(server, { headers: { origin: 'https://elsewhere.example' } })
    expect(foreign.status).toBe(403)
  })

  it.each([
    ['malformed data', new RefusedError('BAD_USER_INPUT', 'No.'), 400, 3, null],
    ['too much at once', new RefusedError('RATE_LIMITED', 'No.', { retryAfterSeconds: 7 }), 429, 8, '7'],
    ['a full inbox', new RefusedError('UNAVAILABLE', 'No.'), 503, 14, '1'],
    ['a database that is gone', new DatabaseGone(), 503, 14, '1'],
  ])('tells a client what to do about %s', async (_name, error, status, code, retryAfter) => {
    await using server = await serverWith(async () => {
      throw error
    })
    const answer = await post(server)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter])
    expect(readPair(answer.bytes)[0]).toBe(code)
  })

  it('charges each data point to the budget of its caller', async () => {
    const receive: Receive = async (_body, _encoding, _boundTo, charge) => {
      charge(60)
      return ALL_TAKEN
    }
    const rate = { capacity: 100, perSecond: 1 }
    await using server = await serverWith(receive, { budgets: { operations: rate, subscriptions: rate } })
    expect((await post(server)).status).toBe(200)
    const refused = await post(server)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(10)
  })

  it('is a POST', async () => {
    await using server = await serverWith(async () => ALL_TAKEN)
    const answer = await fetch(`${server.origin}/v1/metrics`)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })
})
