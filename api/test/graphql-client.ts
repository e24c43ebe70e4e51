import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { Queue } from './queue.ts'

type Variables = Record<string, unknown>

export interface GraphQLAnswer {
  status: number
  headers: Headers
  data: Record<string, unknown> | null | undefined
  errors: readonly GraphQLFormattedError[] | undefined
}

/** One event of a stream: `next` with its result, or `complete`. */
export interface StreamEvent {
  event: string
  data: FormattedExecutionResult | undefined
}

/** A GraphQL client for tests, over HTTP and SSE. */
export class GraphQLTestClient {
  readonly #url: string
  readonly #headers: Record<string, string>

  /** @param origin like `http://127.0.0.1:4000` */
  constructor(origin: string, headers: Record<string, string> = {}) {
    this.#url = `${origin}/graphql`
    this.#headers = headers
  }

  static withToken(origin: string, token: string): GraphQLTestClient {
    return new GraphQLTestClient(origin, { authorization: `Bearer ${token}` })
  }

  /** The whole answer, errors included. */
  async request(query: string, variables?: Variables, headers: Record<string, string> = {}): Promise<GraphQLAnswer> {
    const response = await this.#post(query, variables, {
      accept: 'application/graphql-response+json, application/json',
      ...headers,
    })
    const text = await response.text()
    const { data, errors }: FormattedExecutionResult = JSON.parse(text)
    return { status: response.status, headers: response.headers, data, errors }
  }

  /** The data; fails with query and answer when there are errors. */
  async data<T = Record<string, unknown>>(query: string, variables?: Variables): Promise<T> {
    const { data, errors, status } = await this.request(query, variables)
    if (errors !== undefined || data == null) {
      throw new Error(`${query}\n${JSON.stringify(variables)}\nanswered ${status}: ${JSON.stringify({ data, errors })}`)
    }
    return data as T
  }

  /** Subscribes over SSE. The queue ends with an error when the connection does. */
  async stream(query: string, variables?: Variables): Promise<EventStream> {
    const abort = new AbortController()
    const response = await this.#post(query, variables, { accept: 'text/event-stream' }, abort.signal)
    if (response.body === null || response.status !== 200) {
      throw new Error(`${query}\nanswered ${response.status}: ${await response.text()}`)
    }
    return new EventStream(response.body, abort)
  }

  async #post(query: string, variables: Variables | undefined, headers: Record<string, string>, signal?: AbortSignal) {
    return await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#headers, ...headers },
      body: JSON.stringify({ query, variables }),
      signal: signal ?? null,
    })
  }
}

/** The events of one SSE answer, heartbeats left out. */
export class EventStream {
  readonly events = new Queue<StreamEvent>()
  /** Resolves when the connection has ended, whichever side ended it. */
  readonly ended: Promise<void>
  readonly #abort: AbortController

  constructor(body: ReadableStream<Uint8Array>, abort: AbortController) {
    this.#abort = abort
    this.ended = this.#read(body)
  }

  /** The data of the next event, which must be a `next`. */
  async next<T = Record<string, unknown>>(): Promise<T> {
    const { event, data } = await this.events.next()
    if (event !== 'next' || data?.data == null) throw new Error(`Not a result: ${event} ${JSON.stringify(data)}`)
    return data.data as T
  }

  /** Leaves, as a client does that closes its tab. */
  async close(): Promise<void> {
    this.#abort.abort()
    await this.ended
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let text = ''
    try {
      for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true })
        const blocks = text.split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) this.#push(block)
      }
      this.events.end(new Error('The stream has ended.'))
    } catch (cause) {
      this.events.end(new Error('The stream was cut.', { cause }))
    }
  }

  #push(block: string): void {
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1]
    const event = field('event')
    if (event === undefined) return
    const data = field('data')
    this.events.push({ event, data: data === undefined || data === '' ? undefined : JSON.parse(data) })
  }
}
