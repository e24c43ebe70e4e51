import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { createClient as createSseClient } from 'graphql-sse'
import { createClient as createWsClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { ADMIN_TOKEN } from './create-test-app.ts'

export type Transport = 'websocket' | 'sse'
export const TRANSPORTS: Transport[] = ['websocket', 'sse']

/** One subscription, pulled a result at a time. */
export interface Subscription<T> extends AsyncDisposable {
  /** The data of the next result; fails on errors and at the end. */
  next(): Promise<T>
  take(count: number): Promise<T[]>
  /** Everything up to the result that `found` accepts, that one included. */
  until(found: (data: T) => boolean): Promise<T[]>
  /** What is left until the server completes it. */
  rest(): Promise<T[]>
  /** The code of the error that is the next thing to come. */
  refusal(): Promise<unknown>
}

export interface LiveClient extends AsyncDisposable {
  subscribe<T>(query: string, variables?: Record<string, unknown>): Subscription<T>
}

/** The published clients of both live transports, as an integrator would use them, but that nothing is retried. */
export function liveClient(transport: Transport, origin: string, token = ADMIN_TOKEN): LiveClient {
  const authorization = `Bearer ${token}`
  const client =
    transport === 'websocket'
      ? createWsClient({
          url: `${origin.replace(/^http/, 'ws')}/graphql`,
          webSocketImpl: WebSocket,
          connectionParams: { authorization },
          retryAttempts: 0,
        })
      : createSseClient({ url: `${origin}/graphql`, headers: { authorization }, retryAttempts: 0 })
  return {
    subscribe: <T>(query: string, variables: Record<string, unknown> = {}) =>
      subscriptionOf<T>(client.iterate({ query, variables })),
    [Symbol.asyncDispose]: async () => {
      await client.dispose()
    },
  }
}

function subscriptionOf<T>(results: AsyncIterableIterator<FormattedExecutionResult>): Subscription<T> {
  const pull = async (): Promise<{ data: T } | null> => {
    const { done, value } = await results.next()
    if (done) return null
    if (value.errors || value.data == null) throw new Error(`Not data: ${JSON.stringify(value)}`)
    return { data: value.data as T }
  }
  const next = async () => {
    const result = await pull()
    if (!result) throw new Error('The subscription is complete.')
    return result.data
  }
  return {
    next,
    async take(count) {
      const taken: T[] = []
      while (taken.length < count) taken.push(await next())
      return taken
    },
    async until(found) {
      const taken: T[] = []
      do taken.push(await next())
      while (!found(taken.at(-1) as T))
      return taken
    },
    async rest() {
      const taken: T[] = []
      for (let result = await pull(); result; result = await pull()) taken.push(result.data)
      return taken
    },
    async refusal() {
      return codeOf(results.next())
    },
    [Symbol.asyncDispose]: async () => {
      await results.return?.()
    },
  }
}

/** graphql-ws throws the errors of an operation that was refused, graphql-sse returns them as its only result. */
async function codeOf(next: Promise<IteratorResult<FormattedExecutionResult>>): Promise<unknown> {
  try {
    const result = await next
    return result.done ? undefined : result.value.errors?.[0]?.extensions?.['code']
  } catch (thrown) {
    if (!Array.isArray(thrown)) throw thrown
    return (thrown as GraphQLFormattedError[])[0]?.extensions?.['code']
  }
}
