import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Queue } from './queue.ts'

export interface ReceivedWebhook {
  path: string
  headers: IncomingHttpHeaders
  /** As it came, which is what is signed. */
  text: string
  body: { type: string; timestamp: string; data: Record<string, unknown> }
}

type Answer = (response: ServerResponse, received: ReceivedWebhook) => void

/** A receiver of webhooks on 127.0.0.1 that keeps the requests that it receives and answers 204 by default. */
export class WebhookReceiver implements AsyncDisposable {
  readonly received = new Queue<ReceivedWebhook>()
  answer: Answer = (response) => void response.writeHead(204).end()
  /** Requests that are not answered yet. */
  open = 0
  mostOpen = 0
  readonly #server = createServer((request, response) => {
    this.open += 1
    this.mostOpen = Math.max(this.mostOpen, this.open)
    response.once('close', () => {
      this.open -= 1
    })
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => {
      const text = Buffer.concat(chunks).toString()
      const body = JSON.parse(text) as ReceivedWebhook['body']
      const received = { path: request.url ?? '', headers: request.headers, text, body }
      this.answer(response, received)
      this.received.push(received)
    })
  })

  static async start(port = 0): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver()
    receiver.#server.listen(port, '127.0.0.1')
    await once(receiver.#server, 'listening')
    return receiver
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** `host` may be any name of 127.0.0.1. */
  url(path = '/hooks', host = '127.0.0.1'): string {
    return `http://${host}:${this.port}${path}`
  }

  next(): Promise<ReceivedWebhook> {
    return this.received.next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
