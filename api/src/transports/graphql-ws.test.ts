import { createClient } from 'graphql-ws'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import { WsTestClient } from '../../test/ws-client.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`
const init = { type: 'connection_init', payload: { token: ADMIN_TOKEN } }
const subscribe = { type: 'subscribe', id: 'a', payload: { query: '{ whoami }' } }

describe('connection_init', () => {
  it.each([{ authorization }, { Authorization: authorization }, { token: ADMIN_TOKEN }, { TOKEN: ADMIN_TOKEN }])(
    'is acknowledged with %j',
    async (payload) => {
      await using server = await createHttpTestServer()
      const client = await WsTestClient.open(server.origin)
      await client.init(payload)
      client.subscribe('{ whoami }')
      expect(await client.next()).toEqual({ data: { whoami: 'admin' } })
      expect(await client.messages.next()).toEqual({ type: 'complete', id: '1' })
    },
  )

  it('is acknowledged with a credential of the upgrade request: a cookie or a header', async () => {
    await using server = await createHttpTestServer()
    for (const headers of [{ cookie: await server.signIn() }, { authorization }]) {
      const client = await WsTestClient.open(server.origin, { headers })
      await client.init()
      client.subscribe('{ whoami }')
      expect(await client.next()).toEqual({ data: { whoami: 'admin' } })
    }
  })

  it.each([{}, { authorization: 'Bearer wrong' }, { authorization: 7 }, { token: '' }, { token: ['x'] }])(
    'is refused with 4401, at which clients give up, for %j',
    async (payload) => {
      await using server = await createHttpTestServer()
      const client = await WsTestClient.open(server.origin)
      client.send({ type: 'connection_init', payload })
      expect(await client.closed).toMatchObject({ code: 4401 })
    },
  )

  it('with a wrong token is refused even if the cookie is valid', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.open(server.origin, { headers: { cookie: await server.signIn() } })
    client.send({ type: 'connection_init', payload: { token: 'wrong' } })
    expect(await client.closed).toMatchObject({ code: 4401 })
  })

  it('is closed with 1013 (try again later) while sessions cannot be read', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.open(server.origin, { headers: { cookie: await server.signIn() } })
    server.store.isGone = true
    client.send({ type: 'connection_init' })
    expect(await client.closed).toMatchObject({ code: 1013 })
  })
})

describe('the WebSocket protocol', () => {
  it.each([
    ['a subscribe before the acknowledgement', [subscribe], 4401],
    ['a second connection_init', [init, { type: 'connection_init' }], 4429],
    ['a type that does not exist', [{ type: 'nonsense' }], 4400],
    ['a subscribe without a query', [{ type: 'subscribe', id: 'a', payload: {} }], 4400],
    ['a message only servers send: connection_ack', [{ type: 'connection_ack' }], 4400],
    ['a message only servers send: next', [{ type: 'next', id: 'a', payload: {} }], 4400],
    ['a message only servers send: error', [{ type: 'error', id: 'a', payload: [{ message: 'x' }] }], 4400],
  ])('closes on %s', async (_what, messages, code) => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.open(server.origin)
    for (const message of messages) client.send(message)
    expect(await client.closed).toMatchObject({ code })
  })

  it('closes on data that is not a message', async () => {
    await using server = await createHttpTestServer()
    for (const [data, code] of [
      ['not json', 4400],
      [Buffer.from(JSON.stringify({ type: 'connection_init' })), 4400],
      ['x'.repeat(64 * 1024 + 1), 1009],
    ] as const) {
      const client = await WsTestClient.open(server.origin)
      client.sendRaw(data)
      expect(await client.closed).toMatchObject({ code })
    }
  })

  it('closes with 4409 on an id that is in use, and accepts an id again after its operation has completed', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.send(subscribe)
    await client.next()
    expect(await client.messages.next()).toEqual({ type: 'complete', id: 'a' })
    const endless = { type: 'subscribe', id: 'a', payload: { query: 'subscription { count(to: 1) }' } }
    client.send(endless)
    await client.next()
    client.send(endless)
    expect(await client.closed).toMatchObject({ code: 4409 })
  })

  it('closes with 4408 when the client never sends connection_init', async () => {
    await using server = await createHttpTestServer({ webSockets: { initTimeoutMs: 20 } })
    const client = await WsTestClient.open(server.origin)
    expect(await client.closed).toMatchObject({ code: 4408 })
  })

  it('closes with 4408 also when authentication takes too long', async () => {
    await using server = await createHttpTestServer({ webSockets: { initTimeoutMs: 20 } })
    const client = await WsTestClient.open(server.origin, { headers: { cookie: await server.signIn() } })
    server.store.hangs = true
    client.send({ type: 'connection_init' })
    expect(await client.closed).toMatchObject({ code: 4408 })
  })

  it('closes with 4406 without its subprotocol, and refuses the legacy one', async () => {
    await using server = await createHttpTestServer()
    const none = await WsTestClient.open(server.origin, { protocols: [] })
    expect(await none.closed).toMatchObject({ code: 4406 })
    await expect(WsTestClient.open(server.origin, { protocols: ['graphql-ws'] })).rejects.toThrow('no subprotocol')
  })

  it('cuts a peer that does not answer pings', async () => {
    await using server = await createHttpTestServer({ webSockets: { pingMs: 20 } })
    const url = `${server.origin.replace('http', 'ws')}/graphql`
    const socket = new WebSocket(url, 'graphql-transport-ws', { autoPong: false })
    const code = await new Promise((resolve) => socket.on('close', resolve))
    expect(code).toBe(1006)
  })

  it('answers pings without repeating their payload', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.open(server.origin)
    client.send({ type: 'ping', payload: { at: 1 } })
    expect(await client.messages.next()).toEqual({ type: 'pong' })
  })
})

describe('operations over WebSocket', () => {
  it('with a mistake are answered, and the socket stays open', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    const cases: [string, Record<string, unknown> | undefined, string][] = [
      ['{ whoami', undefined, 'GRAPHQL_PARSE_FAILED'],
      ['', undefined, 'GRAPHQL_PARSE_FAILED'],
      ['{ nothing }', undefined, 'GRAPHQL_VALIDATION_FAILED'],
      ['fragment F on Query { whoami }', undefined, 'GRAPHQL_VALIDATION_FAILED'],
      ['query A { whoami } query B { whoami }', undefined, 'BAD_USER_INPUT'],
    ]
    for (const [query, variables, code] of cases) {
      const id = client.subscribe(query, variables)
      const message = await client.messages.next()
      expect([query, message]).toEqual([query, { type: 'error', id, payload: expect.anything() }])
      expect([query, message.payload]).toMatchObject([query, [{ extensions: { code } }]])
    }
    client.subscribe('query ($v: Int!) { double(value: $v) }', { v: 'x' })
    expect((await client.next()).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    await client.messages.next()
    client.subscribe('{ whoami }')
    expect(await client.next()).toEqual({ data: { whoami: 'admin' } })
    expect(server.logged).toEqual([])
  })

  it('mask internal errors, and log each once', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.subscribe('{ bug forbidden }')
    const { errors } = await client.next()
    expect(errors).toMatchObject([
      { path: ['bug'], extensions: { code: 'INTERNAL', requestId: expect.any(String) } },
      { message: 'Not for you.', extensions: { code: 'FORBIDDEN' } },
    ])
    await client.messages.next()
    client.subscribe('subscription { failing }')
    await client.next()
    expect((await client.next()).errors).toMatchObject([{ extensions: { code: 'INTERNAL' } }])
    expect(server.logged).toHaveLength(2)
  })

  it('end when their client completes them', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    const id = client.subscribe('subscription { count(to: 1) }')
    await client.next()
    client.send({ type: 'complete', id })
    client.subscribe('{ whoami }')
    expect(await client.next()).toEqual({ data: { whoami: 'admin' } })
    expect(server.state.closedSources).toBe(1)
  })

  it('end when their socket closes', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.subscribe('subscription { count(to: 1) }')
    client.subscribe('subscription { count(to: 1) }')
    await client.messages.take(2)
    client.socket.terminate()
    await server.server.close(10_000)
    expect(server.state.closedSources).toBe(2)
  })
})

describe('the published graphql-ws client', () => {
  it('subscribes, queries and completes', async () => {
    await using server = await createHttpTestServer()
    const client = createClient({
      url: `${server.origin.replace('http', 'ws')}/graphql`,
      connectionParams: { authorization },
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    })
    const results = []
    for await (const result of client.iterate({ query: 'subscription { countThenEnd(to: 3) }' })) {
      results.push(result.data?.countThenEnd)
    }
    expect(results).toEqual(['1', '2', '3'])
    for await (const result of client.iterate({ query: 'mutation { bump }' })) expect(result.data).toEqual({ bump: 1 })
    await client.dispose()
  })

  it('reconnects by itself after a restart', async () => {
    await using server = await createHttpTestServer()
    const closes: unknown[] = []
    const client = createClient({
      url: `${server.origin.replace('http', 'ws')}/graphql`,
      connectionParams: { authorization },
      webSocketImpl: WebSocket,
      retryAttempts: 1,
      retryWait: async () => undefined,
      on: { closed: (event) => closes.push(event) },
    })
    const results = client.iterate({ query: 'subscription { count(to: 1) }' })
    await results.next()
    await server.server.close(10_000)
    // The server no longer listens, so the one attempt fails; what matters is that the client made it.
    await expect(results.next()).rejects.toBeDefined()
    expect(closes[0]).toMatchObject({ code: 1012 })
  })

  it('gives up at once when its credentials are wrong, and after one retry when they have ended', async () => {
    await using server = await createHttpTestServer()
    const token = server.store.addToken('t1')
    for (const [secret, codes] of [
      ['wrong', [4401]],
      [token, [4403, 4401]],
    ] as const) {
      const closes: unknown[] = []
      const client = createClient({
        url: `${server.origin.replace('http', 'ws')}/graphql`,
        connectionParams: { Authorization: `Bearer ${secret}` },
        webSocketImpl: WebSocket,
        retryWait: async () => undefined,
        on: { closed: (event) => closes.push((event as { code: number }).code) },
      })
      const results = client.iterate({ query: 'subscription { count(to: 1) }' })
      if (secret === token) await results.next().then(() => server.revoke('t1'))
      await expect(results.next()).rejects.toMatchObject({ code: 4401 })
      expect(closes).toEqual(codes)
    }
  })
})
