import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import { WsTestClient } from '../../test/ws-client.ts'
import { MAX_OPERATION_ID_LENGTH, MAX_SUBSCRIPTIONS_PER_SOCKET, SOCKET_MESSAGES } from '../base/limits.ts'
import { MAX_PAGE } from '../base/page.ts'

const endless = 'subscription { count(to: 1) }'
const whoami = { data: { whoami: 'admin' } }

describe('one socket', () => {
  it('holds a limited number of subscriptions; one more is answered with an error and disturbs none of them', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    for (let i = 0; i < MAX_SUBSCRIPTIONS_PER_SOCKET; i += 1) client.subscribe(endless)
    await client.messages.take(MAX_SUBSCRIPTIONS_PER_SOCKET)
    client.subscribe(endless)
    expect(await client.errors()).toMatchObject([
      {
        message: 'The subscriptions of one socket may be at most 128; asked: 129.',
        extensions: { code: 'LIMIT_EXCEEDED', limit: 'subscriptions', max: 128, asked: 129 },
      },
    ])
    client.subscribe('{ whoami }')
    expect(await client.next()).toEqual(whoami)
    await client.messages.next()
    client.send({ type: 'complete', id: '1' })
    await server.state.untilClosedSources(1)
    client.subscribe(endless)
    expect(await client.next()).toEqual({ data: { count: '1' } })
    expect(server.state.closedSources).toBe(1)
  })

  it('holds a subscription for each deployment of the largest page, and may replace all of them at once', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    const page = Array.from({ length: MAX_PAGE }, () => client.subscribe(endless))
    await client.messages.take(page.length)
    for (const id of page) client.send({ type: 'complete', id })
    for (let i = 0; i < page.length; i += 1) client.subscribe(endless)
    expect((await client.messages.take(page.length)).map(({ type }) => type)).toEqual(page.map(() => 'next'))
    await client.close()
  })

  it.each(['subscribe', 'complete'])('is closed with 4400 when the id of a "%s" message is too long', async (type) => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    const send = (id: string) => client.send({ type, id, ...(type === 'subscribe' && { payload: { query: endless } }) })
    send('x'.repeat(MAX_OPERATION_ID_LENGTH))
    client.subscribe('{ whoami }')
    await client.messages.next()
    send('x'.repeat(MAX_OPERATION_ID_LENGTH + 1))
    const reason = 'The id of an operation may have at most 256 characters'
    expect(await client.closed).toEqual({ code: 4400, reason })
  })

  it.each([
    ['messages', [1008]],
    // Data still in flight to a closed socket may reset the connection before the client has read the close code.
    ['pings', [1008, 1006]],
  ])('that sends too many %s is closed, and no other', async (what, codes) => {
    await using server = await createHttpTestServer()
    const other = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    for (let i = 0; i < SOCKET_MESSAGES.capacity * 2; i += 1) {
      if (what === 'pings') client.socket.ping()
      else client.send({ type: 'ping' })
    }
    expect(codes).toContain((await client.closed).code)
    other.subscribe('{ whoami }')
    expect(await other.next()).toEqual(whoami)
  })

  it('that sends a frame too large is closed with 1009, and no other', async () => {
    await using server = await createHttpTestServer()
    const other = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.subscribe(`{ whoami } # ${'x'.repeat(64 * 1024)}`)
    expect(await client.closed).toMatchObject({ code: 1009 })
    other.subscribe('{ whoami }')
    expect(await other.next()).toEqual(whoami)
  })
})

describe('an operation id', () => {
  it('that is reused right after its completion never gets results of the older operation', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.send({ type: 'subscribe', id: 'a', payload: { query: '{ wait }' } })
    await server.state.untilWaiting()
    client.send({ type: 'complete', id: 'a' })
    client.send({ type: 'subscribe', id: 'a', payload: { query: '{ whoami }' } })
    client.subscribe('{ whoami }')
    // Those of other ids do not wait.
    expect(await client.messages.next()).toMatchObject({ type: 'next', id: '1' })
    expect(await client.messages.next()).toEqual({ type: 'complete', id: '1' })
    server.state.release()
    expect(await client.messages.next()).toEqual({ type: 'next', id: 'a', payload: whoami })
    expect(await client.messages.next()).toEqual({ type: 'complete', id: 'a' })
  })

  it('that is completed before its operation could begin gets no result', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.send({ type: 'subscribe', id: 'a', payload: { query: '{ wait }' } })
    await server.state.untilWaiting()
    client.send({ type: 'complete', id: 'a' })
    client.send({ type: 'subscribe', id: 'a', payload: { query: endless } })
    client.send({ type: 'complete', id: 'a' })
    client.send({ type: 'subscribe', id: 'a', payload: { query: '{ whoami }' } })
    client.send({ type: 'ping' })
    expect(await client.messages.next()).toEqual({ type: 'pong' })
    server.state.release()
    expect(await client.messages.next()).toEqual({ type: 'next', id: 'a', payload: whoami })
    expect(server.state.pulled).toBe(0)
  })
})
