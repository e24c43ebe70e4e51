import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { rawHttp } from '../../test/raw-http.ts'
import { WsTestClient } from '../../test/ws-client.ts'

type Operation = Record<string, unknown>

const authorization = `Bearer ${ADMIN_TOKEN}`

async function post(server: HttpTestServer, operation: Operation, accept = 'application/json') {
  const headers = { authorization, accept, 'content-type': 'application/json' }
  return await rawHttp(server.port, { method: 'POST', path: '/graphql', headers, body: JSON.stringify(operation) })
}

async function get(server: HttpTestServer, operation: Operation, accept = 'application/json') {
  const parameters = Object.entries(operation).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  const path = `/graphql?${new URLSearchParams(parameters)}`
  return await rawHttp(server.port, { path, headers: { authorization, accept } })
}

/** Each gives the first result of an operation. */
const TRANSPORTS: Record<string, (server: HttpTestServer, operation: Operation) => Promise<unknown>> = {
  POST: async (server, operation) => (await post(server, operation)).json(),
  GET: async (server, operation) => (await get(server, operation)).json(),
  'an event stream': async (server, operation) => {
    const { body } = await post(server, operation, 'text/event-stream')
    return JSON.parse(/^data: (\{.*\})$/m.exec(body)?.[1] ?? '') as unknown
  },
  WebSocket: async (server, payload) => {
    const socket = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    socket.send({ type: 'subscribe', id: '1', payload })
    const result = await socket.next()
    await socket.close()
    return result
  },
}

describe.each(Object.entries(TRANSPORTS))('over %s', (_name, ask) => {
  it.each([
    ['variables that are an empty list, as PHP sends an empty object', { variables: [] }],
    ['extensions that are an empty list', { extensions: [] }],
    ['an operation name that is empty', { operationName: '' }],
    ['all of them', { variables: [], extensions: [], operationName: '' }],
  ])('%s are taken for none', async (_what, members) => {
    await using server = await createHttpTestServer()
    expect(await ask(server, { query: '{ whoami }', ...members })).toEqual({ data: { whoami: 'admin' } })
  })
})

describe('a persisted query', () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'ab'.repeat(32) } }

  it.each(['application/json', 'application/graphql-response+json', 'text/event-stream'])(
    'without its document gets the answer that makes its client send the document, accepting %s',
    async (accept) => {
      await using server = await createHttpTestServer()
      for (const send of [post, get]) {
        const answer = await send(server, { operationName: 'A', variables: {}, extensions }, accept)
        expect([answer.status, answer.json()]).toEqual([
          200,
          {
            errors: [{ message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }],
          },
        ])
        expect(answer.headers['cache-control']).toBe('no-store')
      }
    },
  )

  it('with its document is an operation like any other', async () => {
    await using server = await createHttpTestServer()
    const answer = await post(server, { query: '{ whoami }', extensions })
    expect(answer.json()).toEqual({ data: { whoami: 'admin' } })
  })

  it('is for known callers only', async () => {
    await using server = await createHttpTestServer()
    const path = `/graphql?extensions=${encodeURIComponent(JSON.stringify(extensions))}`
    expect((await rawHttp(server.port, { path })).status).toBe(401)
  })
})
