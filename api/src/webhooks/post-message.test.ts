import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebhookReceiver } from '../../test/webhook-receiver.ts'
import { post } from './post-message.ts'

const LOOPBACK = [{ address: '127.0.0.1', family: 4 }]

describe('posting a message', () => {
  let receiver: WebhookReceiver
  beforeEach(async () => {
    receiver = await WebhookReceiver.start()
  })
  afterEach(() => receiver[Symbol.asyncDispose]())

  const send = (url: string, signal = AbortSignal.timeout(5000), addresses = LOOPBACK) =>
    post({ url: new URL(url), addresses, headers: { 'webhook-id': 'msg_1' }, body: '{"name":"é"}', signal })

  it('sends the given bytes and headers, and returns the status', async () => {
    expect(await send(receiver.url('/a?b=c'))).toBe(204)
    const { path, text, headers } = await receiver.next()
    expect({ path, text }).toEqual({ path: '/a?b=c', text: '{"name":"é"}' })
    expect(headers).toMatchObject({ 'webhook-id': 'msg_1', 'content-length': '13', connection: 'close' })
  })

  it('connects to the address that was checked, whatever the name would resolve to', async () => {
    const host = 'no-such-host.invalid'
    expect(await send(receiver.url('/', host))).toBe(204)
    expect((await receiver.next()).headers.host).toBe(`${host}:${receiver.port}`)
  })

  it('does not follow redirects', async () => {
    receiver.answer = (response) => void response.writeHead(307, { location: receiver.url('/elsewhere') }).end()
    expect(await send(receiver.url())).toBe(307)
    expect((await receiver.next()).path).toBe('/hooks')
    expect(receiver.received.size).toBe(0)
  })

  it('reads only a limited part of an endless response', async () => {
    let written = 0
    receiver.answer = (response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) written += 16_384
      }
      response.on('drain', more)
      more()
    }
    expect(await send(receiver.url())).toBe(200)
    // No more than the buffers of the sockets hold.
    expect(written).toBeLessThan(16 * 1024 * 1024)
  })

  it('takes the outcome from the headers, and waits at most a second for a slow body', async () => {
    receiver.answer = (response) => void response.writeHead(500).write('and then')
    expect(await send(receiver.url())).toBe(500)
  })

  it('rejects when there is no response in time', async () => {
    receiver.answer = () => undefined
    await expect(send(receiver.url(), AbortSignal.timeout(200))).rejects.toThrow(/aborted/)
  })

  it('rejects when nobody listens, and when the response is not HTTP', async () => {
    const { port } = receiver
    await receiver[Symbol.asyncDispose]()
    await expect(send(`http://127.0.0.1:${port}/`)).rejects.toThrow(/ECONNREFUSED/)

    const server = createServer((socket) => void socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const other = (server.address() as AddressInfo).port
    await expect(send(`http://127.0.0.1:${other}/`)).rejects.toThrow(/Parse Error/)
    await expect(send(`https://127.0.0.1:${other}/`)).rejects.toThrow(/SSL|EPIPE|ECONNRESET|socket/i)
    server.close()
    receiver = await WebhookReceiver.start()
  })
})
