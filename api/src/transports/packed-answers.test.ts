import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { type GraphQLBody, openRawHttp, readBytes } from '../../test/raw-http.ts'

const UNPACK = { br: brotliDecompressSync, gzip: gunzipSync, identity: (bytes: Buffer) => bytes }
const MULTIPART = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0'

let server: HttpTestServer
beforeAll(async () => {
  server = await createHttpTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

async function ask(query: string, { coding, accept = 'application/json' }: { coding?: string; accept?: string } = {}) {
  const response = await openRawHttp(server.port, {
    method: 'POST',
    path: '/graphql',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${ADMIN_TOKEN}`,
      accept,
      ...(coding !== undefined && { 'accept-encoding': coding }),
    },
    body: JSON.stringify({ query }),
  })
  const bytes = await readBytes(response)
  const { 'content-encoding': sentAs = 'identity', 'content-length': length, vary } = response.headers
  return { status: response.statusCode, sentAs, length, vary, bytes }
}

it.each([
  ['gzip, deflate, br', 'br', 5_000],
  ['gzip', 'gzip', 5_000],
  ['gzip', 'gzip', 200_000],
  ['br', 'br', 200_000],
  ['identity;q=0, gzip', 'gzip', 1],
] as const)('a reader that takes %s is sent %s, and unpacks the same answer', async (header, coding, length) => {
  const query = `{ padded(length: ${length}) }`
  const answer = await ask(query, { coding: header })
  expect(answer.sentAs).toBe(coding)
  expect(UNPACK[coding](answer.bytes).toString()).toBe(`{"data":{"padded":"${'.'.repeat(length)}"}}`)
  expect(answer.length).toBe(String(answer.bytes.length))
  if (length > 1_000) expect(answer.bytes.length).toBeLessThan(length / 10)
  // A cache must not hand it to a reader that takes another form.
  expect(answer.vary).toMatch(/Accept-Encoding/)
  expect((await ask(query)).vary).toBe(answer.vary)
})

it('fetch, which asks for it by itself, reads a packed answer', async () => {
  const response = await fetch(`${server.origin}/graphql?query={padded(length:5000)}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  expect(response.headers.get('content-encoding')).toMatch(/^(br|gzip)$/)
  expect(await response.json()).toEqual({ data: { padded: '.'.repeat(5_000) } })
})

it('an answer is sent as it is to a reader that does not ask for another form', async () => {
  for (const coding of [undefined, 'identity', 'zstd', 'gzip;q=0, br;q=0']) {
    expect(await ask('{ padded(length: 5000) }', coding === undefined ? {} : { coding })).toMatchObject({
      sentAs: 'identity',
      length: '5022',
    })
  }
})

it('a short answer is sent as it is, and a long refusal of a document is packed', async () => {
  expect((await ask('{ padded(length: 1000) }', { coding: 'br' })).sentAs).toBe('identity')
  const refused = await ask(`{ ${Array.from({ length: 25 }, (_, i) => `noSuchField${i}`).join(' ')} }`, {
    coding: 'br',
  })
  expect(refused.sentAs).toBe('br')
  expect((JSON.parse(UNPACK.br(refused.bytes).toString()) as GraphQLBody).errors).toHaveLength(25)
})

it('the answer to a mutation is never packed: its length would tell of the secrets in it', async () => {
  const fields = Array.from({ length: 20 }, (_, i) => `${'long'.repeat(20)}${i}: bump`)
  const answer = await ask(`mutation { ${fields.join(' ')} }`, { coding: 'br, gzip' })
  expect(answer.bytes.length).toBeGreaterThan(1_600)
  expect(answer.sentAs).toBe('identity')
})

it.each(['text/event-stream', MULTIPART])(
  'streams are never packed, whose parts have to arrive: %s',
  async (accept) => {
    for (const query of ['subscription { countThenEnd(to: 2, padding: 3000) }', '{ padded(length: 5000) }']) {
      const answer = await ask(query, { accept, coding: 'br, gzip' })
      expect([answer.sentAs, answer.status]).toEqual(['identity', 200])
      expect(answer.bytes.length).toBeGreaterThan(5_000)
    }
  },
)
