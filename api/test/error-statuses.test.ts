import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BUDGETS } from '../src/base/limits.ts'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServerOptions } from './http-test-server.ts'
import { rawHttp } from './raw-http.ts'

interface Fault {
  query?: string
  /** The whole body, instead of the query. */
  body?: string
  token?: string
  options?: HttpTestServerOptions
}

const page = readFileSync(new URL('../../docs/integrating.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (\d+) \| /gm)].map(
  ([, code, status, legacy]) => [code!, Number(status), Number(legacy)] as const,
)

/** What leads to each code, with no data in the answer. */
const FAULTS: Record<string, Fault> = {
  UNAUTHENTICATED: { query: '{ whoami }', token: 'wrong' },
  FORBIDDEN: { query: '{ refused(code: "FORBIDDEN") }' },
  NOT_FOUND: { query: '{ refused(code: "NOT_FOUND") }' },
  GRAPHQL_PARSE_FAILED: { query: '{' },
  GRAPHQL_VALIDATION_FAILED: { query: '{ nothing }' },
  BAD_USER_INPUT: { query: 'query ($value: Int!) { double(value: $value) }' },
  CURSOR_INVALID: { query: '{ refused(code: "CURSOR_INVALID") }' },
  LIMIT_EXCEEDED: { query: `{ ${Array.from({ length: 31 }, (_, i) => `a${i}: whoami`).join(' ')} }` },
  RATE_LIMITED: {
    query: '{ whoami }',
    options: { budgets: { ...BUDGETS, operations: { capacity: 0, perSecond: 1 } } },
  },
  UNAVAILABLE: { query: '{ databaseGone }' },
  INTERNAL: { query: '{ nonNullBug }' },
  BAD_REQUEST: { body: '{' },
  PERSISTED_QUERY_NOT_SUPPORTED: { body: '{"extensions":{"persistedQuery":{}}}' },
}

async function answerTo({ query, body, token = ADMIN_TOKEN, options }: Fault, accept: string) {
  await using server = await createHttpTestServer(options)
  const headers = { accept, authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const sent = { method: 'POST', path: '/graphql', headers, body: body ?? JSON.stringify({ query }) }
  return await rawHttp(server.port, sent)
}

describe('the table of errors in docs/integrating.md', () => {
  it('has every code', () => {
    expect(rows.map(([code]) => code).toSorted()).toEqual(Object.keys(FAULTS).toSorted())
  })

  it.each(rows)('says the status of %s: %i, and %i for application/json', async (code, status, legacyStatus) => {
    for (const [accept, expected] of [
      ['application/graphql-response+json', status],
      ['application/graphql-response+json, application/json;q=0.9', status],
      ['application/json', legacyStatus],
      ['*/*', legacyStatus],
    ] as const) {
      const answer = await answerTo(FAULTS[code]!, accept)
      const { errors } = answer.json()
      expect([accept, answer.status, errors?.map(({ extensions }) => extensions.code)]).toEqual([
        accept,
        expected,
        [code],
      ])
      expect(answer.headers['retry-after'] !== undefined).toBe(status === 429 || status === 503)
    }
  })

  it('does not apply to an answer with data: that has the status 200', async () => {
    for (const field of ['bug', 'forbidden']) {
      const answer = await answerTo({ query: `{ whoami ${field} }` }, 'application/graphql-response+json')
      expect([field, answer.status, answer.json().data]).toEqual([field, 200, { whoami: 'admin', [field]: null }])
    }
  })
})
