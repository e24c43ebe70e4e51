import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { GraphQLTestClient } from '../../test/graphql-client.ts'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import { pipeline, rawHttp } from '../../test/raw-http.ts'
import { WsTestClient } from '../../test/ws-client.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`

/** Resolves once connections have been refused for many turns of the event loop: the server is closing. */
async function untilRefused(port: number): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await expect(rawHttp(port, { path: '/healthz' })).rejects.toThrow('ECONNREFUSED')
  }
}

describe('closing the server', () => {
  it('lets requests in flight finish, then frees the port', async () => {
    await using server = await createHttpTestServer()
    const client = GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN)
    const answer = client.data('{ wait }')
    await server.state.untilWaiting()
    const closed = server.server.close(10_000)
    server.state.release()
    expect(await answer).toEqual({ wait: 'waited' })
    await closed
    await expect(rawHttp(server.port, { path: '/healthz' })).rejects.toThrow('ECONNREFUSED')
  })

  it('waits for work whose caller has disconnected, so that nothing it uses is closed meanwhile', async () => {
    await using server = await createHttpTestServer()
    const abort = new AbortController()
    const url = `${server.origin}/graphql?query={wait}`
    const left = fetch(url, { headers: { authorization }, signal: abort.signal })
    await server.state.untilWaiting()
    abort.abort()
    await expect(left).rejects.toThrow('aborted')
    let isClosed = false
    const closed = server.server.close(10_000).then(() => (isClosed = true))
    await untilRefused(server.port)
    expect(isClosed).toBe(false)
    server.state.release()
    await closed
  })

  it('sends responses completely, however slowly they are read', async () => {
    await using server = await createHttpTestServer()
    const queries = Array.from({ length: 12 }, () => '{padded(length:4000000)}')
    const connection = pipeline(server.port, authorization, 'application/json', queries).pause()
    await server.state.untilPulledStandsStill()
    const closed = server.server.close(10_000)
    await untilRefused(server.port)
    let bytes = 0
    for await (const chunk of connection) bytes += (chunk as Buffer).length
    expect(bytes).toBeGreaterThan(48_000_000)
    await closed
  })

  it('answers 503 on connections that are still open', async () => {
    await using server = await createHttpTestServer()
    const client = GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN)
    const answer = client.data('{ wait }')
    await server.state.untilWaiting()
    const socket = connect(server.port, '127.0.0.1')
    const head = `HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`
    // Half a request: the connection is in use, so closing the server leaves it alone.
    socket.write(`GET /readyz ${head}`)
    await new Promise((resolve) => socket.once('connect', resolve))
    await rawHttp(server.port, { path: '/healthz' })
    const closed = server.server.close(10_000)
    socket.write('\r\n')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/^HTTP\/1\.1 503 /)
    expect(text).toContain('Connection: close')
    server.state.release()
    expect(await answer).toEqual({ wait: 'waited' })
    await closed
  })

  it('destroys the connections that are left after the grace period', async () => {
    await using server = await createHttpTestServer()
    const client = GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN)
    const answer = client.data('{ wait }').then(
      () => 'answered',
      () => 'cut',
    )
    await server.state.untilWaiting()
    await server.server.close(1)
    expect(await answer).toBe('cut')
  })

  it('cuts streams without complete, which would say that they are over, and closes sockets with 1012', async () => {
    await using server = await createHttpTestServer()
    const stream = await GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN).stream('subscription { count(to: 1) }')
    expect(await stream.next()).toEqual({ count: '1' })
    const socket = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    socket.subscribe('subscription { count(to: 1) }')
    expect(await socket.next()).toEqual({ data: { count: '1' } })
    const silent = await WsTestClient.open(server.origin)
    await server.server.close(10_000)
    await expect(stream.events.next()).rejects.toThrow('The stream was cut.')
    expect(await socket.closed).toEqual({ code: 1012, reason: 'Service restart' })
    expect(await silent.closed).toMatchObject({ code: 1012 })
    expect(server.state.closedSources).toBe(2)
  })

  it('lets a mutation over WebSocket finish before its socket is closed', async () => {
    await using server = await createHttpTestServer()
    const socket = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    socket.subscribe('{ wait }')
    await server.state.untilWaiting()
    const closed = server.server.close(10_000)
    await untilRefused(server.port)
    server.state.release()
    expect(await socket.next()).toEqual({ data: { wait: 'waited' } })
    expect(await socket.closed).toMatchObject({ code: 1012 })
    await closed
  })

  it('does not wait for a socket that never answers', async () => {
    await using server = await createHttpTestServer()
    const socket = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    socket.pause()
    await server.server.close(50)
    socket.resume()
    expect([1012, 1006]).toContain((await socket.closed).code)
  })

  it('does not wait for a peer that stays connected after its upgrade was refused', async () => {
    await using server = await createHttpTestServer()
    const peer = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    const head = `Host: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    peer.write(`GET /elsewhere HTTP/1.1\r\n${head}`)
    let answer = ''
    for await (const chunk of peer.iterator({ destroyOnReturn: false })) answer += String(chunk)
    expect(answer).toMatch(/^HTTP\/1\.1 404 /)
    await server.server.close(60_000)
    peer.destroy()
  })
})
