import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import { openRawSocket } from '../../test/raw-socket.ts'
import { WsTestClient } from '../../test/ws-client.ts'
import { MAX_UNKNOWN_RECEIVED_BYTES, MAX_UNKNOWN_SENT_BYTES } from '../base/limits.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`

describe('a socket whose caller is not known', () => {
  it('is cut when it is owed more than 4 KB for its messages', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.open(server.origin)
    // The last one is the first that exceeds it: a frame is its text and two bytes. One more could be cut with it.
    const count = Math.ceil(MAX_UNKNOWN_SENT_BYTES / ('{"type":"pong"}'.length + 2))
    for (let n = 0; n < count; n += 1) client.send({ type: 'ping' })
    await client.messages.take(count)
    // It is noticed when more is received.
    client.send({ type: 'ping' })
    expect(await client.closed).toMatchObject({ code: 1006 })
  })

  it('is cut when it is owed more than 4 KB for the pings of its WebSocket', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.open(server.origin)
    for (let n = 0; n < Math.ceil(MAX_UNKNOWN_SENT_BYTES / 125); n += 1) client.socket.ping('x'.repeat(125))
    expect(await client.closed).toMatchObject({ code: 1006 })
  })

  it('is closed when it sends more than it takes to say who one is, also within one message', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.open(server.origin)
    client.socket.send('x'.repeat(MAX_UNKNOWN_RECEIVED_BYTES), { fin: false })
    const reason = 'At most 16384 bytes before connection_ack'
    expect(await client.closed).toEqual({ code: 1009, reason })
  })

  it('may be owed and send more as soon as it is known', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.open(server.origin)
    await client.init({ authorization })
    for (let n = 0; n < 100; n += 1) client.send({ type: 'ping', payload: { x: 'x'.repeat(1_000) } })
    expect(await client.messages.take(100)).toEqual(Array.from({ length: 100 }, () => ({ type: 'pong' })))
    await client.close()
  })

  it('ends at the timeout, also when it does not answer the close frame', async () => {
    await using server = await createHttpTestServer({ webSockets: { initTimeoutMs: 20 } })
    const socket = await openRawSocket(server.origin)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume()
    await once(socket, 'end')
    expect(Buffer.concat(chunks).readUInt16BE(2)).toBe(4408)
  })
})
