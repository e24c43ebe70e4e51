import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a counting server does with the next scrapes. */
export type Manner = 'answers' | 'fails' | 'breaks off' | 'says nothing' | 'is no model server'

/** A model server on 127.0.0.1 that counts requests under vLLM's names, and knows how many it has ever counted. */
export class CountingServer implements AsyncDisposable {
  manner: Manner = 'answers'
  /** Since it was started last. */
  requests = 0
  waiting = 0
  scrapes = 0
  /** Requests that it serves between two scrapes, however close they are. */
  betweenScrapes = 0
  /** What was told in each answer that was whole, in order. */
  readonly told: number[] = []
  /** Held back by `says nothing`. */
  readonly held = new Set<ServerResponse>()
  /** Labels and comments that make the answer longer. */
  padding = ''
  /** The beginning of its names. */
  names = 'vllm'
  readonly #server = createServer((_, response) => {
    this.scrapes += 1
    this.requests += this.betweenScrapes
    this.#answer(response)
  })

  static async start(port = 0): Promise<CountingServer> {
    const server = new CountingServer()
    server.#server.listen(port, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/metrics`
  }

  serve(requests: number): void {
    this.requests += requests
  }

  /** Its counts begin anew, as those of a new process do. */
  restart(): void {
    this.requests = 0
  }

  get text(): string {
    const { names } = this
    return [
      `# TYPE ${names}:request_success_total counter`,
      `${names}:request_success_total{finished_reason="stop",model_name="m"} ${this.requests}.0`,
      `# TYPE ${names}:num_requests_waiting gauge`,
      `${names}:num_requests_waiting{model_name="m"} ${this.waiting}.0`,
      this.padding,
    ].join('\n')
  }

  #answer(response: ServerResponse): void {
    const { manner, text } = this
    if (manner === 'says nothing') return void this.held.add(response)
    if (manner === 'fails') return void response.writeHead(503).end('busy')
    if (manner === 'is no model server') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', 'content-length': text.length })
    if (manner === 'answers') {
      this.told.push(this.requests)
      return void response.end(text)
    }
    response.write(text.slice(0, text.length / 2), () => response.destroy())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
