import { Client, type CombinedError, fetchExchange, mapExchange, subscriptionExchange } from 'urql'
import { createCache } from './cache.ts'
import type { Streams } from './streams.ts'

/** The code of a refused operation (`UNAUTHENTICATED`, `FORBIDDEN`, …), as the API gives it. */
export function codeOf(error: CombinedError | undefined): string | undefined {
  const code = error?.graphQLErrors.find((one) => one.extensions['code'] !== undefined)?.extensions['code']
  if (typeof code === 'string') return code
  const response: unknown = error?.response
  if (!(response instanceof Response)) return undefined
  if (response.status === 401) return 'UNAUTHENTICATED'
  if (response.status === 403) return 'FORBIDDEN'
  return undefined
}

/** The client of the pages: everything that has an identity, normalised; subscriptions of such things update it. */
export function createGraphqlClient(streams: Streams, onUnauthenticated: () => void): Client {
  return new Client({
    url: '/graphql',
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    exchanges: [
      refusals(onUnauthenticated),
      createCache(),
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

/** A client without a cache, for samples: they are many, never change, and live in rings. */
export function createSampleClient(onUnauthenticated: () => void): Client {
  return new Client({
    url: '/graphql',
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
