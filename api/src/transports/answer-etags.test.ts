import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { rawHttp } from '../../test/raw-http.ts'

let server: HttpTestServer
beforeAll(async () => {
  server = await createHttpTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

async function get(query: string, headers: Record<string, string> = {}, token = ADMIN_TOKEN) {
  return await rawHttp(server.port, {
    path: `/graphql?query=${encodeURIComponent(query)}`,
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
}

it('an answer to GET that its reader has already is not sent again', async () => {
  const first = await get('{ hello(name: "Ada") }')
  const etag = first.headers.etag ?? ''
  expect(etag).toMatch(/^W\/"[\w-]+"$/)
  expect(first.headers['cache-control']).toBe('private, no-cache')
  for (const known of [etag, `"other", ${etag}`, etag.replace('W/', ''), '*']) {
    const again = await get('{ hello(name: "Ada") }', { 'if-none-match': known })
    expect([again.status, again.body]).toEqual([304, ''])
    // What a cache updates its copy with.
    expect(again.headers).toMatchObject({ etag, 'cache-control': 'private, no-cache', vary: first.headers.vary })
    expect(again.headers['ratelimit-limit']).toBe(first.headers['ratelimit-limit'])
    expect(again.headers['content-type']).toBeUndefined()
  }
  const other = await get('{ hello(name: "Bob") }', { 'if-none-match': etag })
  expect([other.status, other.json().data]).toEqual([200, { hello: 'hello Bob' }])
  expect(other.headers.etag).not.toBe(etag)
})

it('the tag is of what was answered, so packing does not change it, and other callers have others', async () => {
  const query = '{ whoami padded(length: 5000) }'
  const plain = await get(query)
  const packed = await get(query, { 'accept-encoding': 'gzip' })
  expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', etag: plain.headers.etag })
  const known = { 'if-none-match': plain.headers.etag ?? '' }
  expect((await get(query, { ...known, 'accept-encoding': 'gzip' })).status).toBe(304)
  const token = server.store.addToken('other')
  expect((await get(query, known, token)).json().data).toMatchObject({ whoami: 'token other' })
  expect((await get(query, known, 'wrong')).status).toBe(401)
})

it.each([
  ['a mistake', '{ noSuchField }', 400],
  ['a refusal', '{ refused(code: "FORBIDDEN") }', 403],
  ['a bug', '{ nonNullBug }', 500],
])('%s has no tag and is not kept, whatever its reader has', async (_, query, status) => {
  const refused = await get(query, { 'if-none-match': '*', accept: 'application/graphql-response+json' })
  expect(refused.status).toBe(status)
  expect(refused.headers.etag).toBeUndefined()
  expect(refused.headers['cache-control']).toBe('no-store')
})

it('answers to POST have no tag: nothing keeps them', async () => {
  const { headers } = await rawHttp(server.port, {
    method: 'POST',
    path: '/graphql',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${ADMIN_TOKEN}`,
      'if-none-match': '*',
    },
    body: JSON.stringify({ query: '{ whoami }' }),
  })
  expect([headers.etag, headers['cache-control']]).toEqual([undefined, 'no-store'])
})
