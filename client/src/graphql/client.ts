import { Client, type CombinedError, type Exchange, fetchExchange, mapExchange, subscriptionExchange } from 'urql'
import { serverPath } from '../base-path.ts'
import { createCache } from './cache.ts'
import type { Streams } from './streams.ts'

/** The API's code for a refused operation: `UNAUTHENTICATED`, `FORBIDDEN`, … */
export function codeOf(error: CombinedError | undefined): string | undefined {
  const code = error?.graphQLErrors.find((one) => one.extensions['code'] !== undefined)?.extensions['code']
  if (typeof code === 'string') return code
  const response: unknown = error?.response
  if (!(response instanceof Response)) return undefined
  if (response.status === 401) return 'UNAUTHENTICATED'
  if (response.status === 403) return 'FORBIDDEN'
  return undefined
}

/**
 * The client of the pages. Its cache is normalised: whatever has an `id` is stored once, and subscriptions update it.
 */
export function createGraphqlClient(
  streams: Pick<Streams, 'subscribe'>,
  refresher: { exchange: Exchange; answers: Exchange },
  onUnauthenticated: () => void,
): Client {
  return new Client({
    url: serverPath('/graphql'),
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    exchanges: [
      refresher.exchange,
      refusals(onUnauthenticated),
      createCache(),
      refresher.answers,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: streams.subscribe<Record<string, unknown>>(
              query ?? '',
              { ...variables },
              {
                next: (result) => sink.next(result),
                complete: () => sink.complete(),
              },
            ),
          }),
        }),
      }),
    ],
  })
}

/** A client without a cache, for samples: there are many of them, they never change, and rings hold them. */
export function createSampleClient(onUnauthenticated: () => void): Client {
  return new Client({
    url: serverPath('/graphql'),
    preferGetMethod: false,
    requestPolicy: 'network-only',
    exchanges: [refusals(onUnauthenticated), fetchExchange],
  })
}

function refusals(onUnauthenticated: () => void) {
  return mapExchange({
    onError(error) {
      if (codeOf(error) === 'UNAUTHENTICATED') onUnauthenticated()
    },
  })
}
