import { once } from 'node:events'
import { expect, it } from 'vitest'
import { heapUsed } from '../../test/heap-used.ts'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import { openRawHttp } from '../../test/raw-http.ts'
import { WsTestClient } from '../../test/ws-client.ts'

const endless = 'subscription { count(to: 1) }'
/** Declared by nothing. */
const variables = () => ({ junk: 'x'.repeat(60_000) })

it('Nothing of the message that began it is kept for a subscription of a WebSocket but its own operation.', async () => {
  await using server = await createHttpTestServer()
  const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
  const subscribe = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      client.subscribe(endless, variables())
      await client.next()
    }
  }
  await subscribe(1)
  const before = heapUsed()
  await subscribe(100)
  expect(heapUsed() - before).toBeLessThan(2_000_000)
  await client.close()
})

it('Nothing of the body that began it is kept for an event stream but its own operation.', async () => {
  await using server = await createHttpTestServer()
  const headers = {
    accept: 'text/event-stream',
    'content-type': 'application/json',
    authorization: `Bearer ${ADMIN_TOKEN}`,
  }
  const open = async () => {
    const body = JSON.stringify({ query: endless, variables: variables() })
    const stream = await openRawHttp(server.port, { method: 'POST', path: '/graphql', headers, body })
    await once(stream, 'data')
    return stream
  }
  const streams = [await open()]
  const before = heapUsed()
  for (let n = 0; n < 50; n += 1) streams.push(await open())
  // Both sides of the connections are in this process.
  expect(heapUsed() - before).toBeLessThan(3_000_000)
  for (const stream of streams) stream.destroy()
})

it('Of the requests that open WebSockets, and of what comes with their tokens, only credentials are kept.', async () => {
  await using server = await createHttpTestServer()
  const connect = async () => {
    const client = await WsTestClient.open(server.origin, { headers: { 'x-more': 'x'.repeat(12_000) } })
    await client.init({ token: ADMIN_TOKEN, more: 'x'.repeat(12_000) })
    return client
  }
  const clients = [await connect()]
  const before = heapUsed()
  for (let n = 0; n < 60; n += 1) clients.push(await connect())
  // Both sides of the connections are in this process.
  expect(heapUsed() - before).toBeLessThan(60 * 34_000)
  for (const client of clients) client.socket.terminate()
})
