import type { Client, FormattedExecutionResult } from 'graphql-ws'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { sequenceOf } from './documents.ts'
import { ADMIN_TOKEN } from './server-process.ts'

const RETRY_MS = 50

export interface Received {
  sequence: number
  cursor: string
  /** What came with the cursor, as JSON. */
  content: string
}

/** The one field of the subscription. */
type Updates = Record<string, { cursor: string; skipped: number }>

/** A published graphql-ws client that never gives up; `origin` is asked at each connection. */
export function persistentClient(origin: () => string): Client {
  return createClient({
    url: () => `${origin().replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${ADMIN_TOKEN}` },
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, RETRY_MS)),
  })
}

/** Follows a log as a third party does: keeps the last cursor, and resumes right after it on every new connection. */
export class LogSubscriber {
  readonly received: Received[] = []
  /** Holes, doubles, errors and ends: none of them may happen. */
  readonly faults: string[] = []
  readonly #unsubscribe: () => void
  #stopped = false
  readonly #waiting = new Set<() => void>()

  constructor(client: Client, query: string, variables: Record<string, unknown>) {
    // The client sends this very object again when it reconnects.
    const resumed: Record<string, unknown> = { ...variables }
    this.#unsubscribe = client.subscribe<Updates>(
      { query, variables: resumed },
      {
        next: (result) => {
          resumed['after'] = this.#take(result) ?? resumed['after']
        },
        error: (error) => this.#fault(`failed: ${JSON.stringify(error)}`),
        complete: () => {
          if (!this.#stopped) this.#fault('ended by the server')
        },
      },
    )
  }

  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
  }

  /** Resolves when it has received that many, or when something went wrong. */
  async reaches(count: number): Promise<void> {
    while (this.received.length < count && this.faults.length === 0) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #take({ data, errors }: FormattedExecutionResult<Updates, unknown>): string | null {
    const [update] = Object.values(data ?? {})
    if (update === undefined) {
      this.#fault(`no data: ${JSON.stringify(errors)}`)
      return null
    }
    const { cursor, skipped, ...rest } = update
    const sequence = sequenceOf(cursor)
    const last = this.received.at(-1)?.sequence
    if (skipped !== 0) this.#fault(`skipped ${skipped} before ${sequence}`)
    if (last !== undefined && sequence !== last + 1) this.#fault(`${sequence} after ${last}`)
    this.received.push({ sequence, cursor, content: JSON.stringify(rest) })
    this.#wake()
    return cursor
  }

  #fault(what: string): void {
    this.faults.push(what)
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
