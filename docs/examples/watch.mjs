// Follows the samples of one deployment over WebSocket, without a gap after a disconnect. Usage:
//   GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… node watch.mjs [DEPLOYMENT_ID [COUNT]]
// Without an id, it follows the first active deployment. It ends after COUNT samples (default: never), when the deployment
// is deleted (exit code 0), or when the server rejects the token (exit code 1).
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws' // Node 22 and later have a WebSocket built in.

const FIRST_ACTIVE = '{ deployments(first: 1, filter: { status: [ACTIVE] }) { edges { node { id } } } }'
const WATCH = `subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }`

/** Exponential backoff with full jitter, so that the clients do not all reconnect at the same time. */
const backOff = (attempt) => sleep(Math.random() * Math.min(10_000, 500 * 2 ** attempt))

let silence
const client = createClient({
  url: `${process.env.GAUGELINE_URL.replace(/^http/, 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${process.env.GAUGELINE_TOKEN}` },
  retryAttempts: Infinity,
  retryWait: backOff,
  shouldRetry: ({ code }) => code !== 4401 && code !== 4403, // A rejected token stays invalid; a server comes back.
  keepAlive: 10_000,
  on: {
    // If the server does not answer a ping, the connection is dead: the client opens a new one.
    ping: (received) => received || (silence = setTimeout(() => client.terminate(), 5_000)),
    pong: () => clearTimeout(silence),
    closed: () => clearTimeout(silence),
  },
})

const refused = ([{ message, extensions }]) => Object.assign(new Error(message), { code: extensions?.code })

async function* results(query, variables) {
  try {
    for await (const { data, errors } of client.iterate({ query, variables })) {
      if (errors) throw refused(errors)
      yield Object.values(data)[0]
    }
  } catch (error) {
    // graphql-ws throws a list of errors when an operation is refused, and the close event when the socket is closed for good.
    throw Array.isArray(error) ? refused(error) : error
  }
}

async function watch(id, count) {
  // When the client reconnects, it sends this same object again. It holds the newest cursor, so no sample is missed.
  const variables = { id, after: null }
  for (let seen = 0, attempt = 0; ; attempt += 1) {
    try {
      for await (const { cursor, skipped, metrics } of results(WATCH, variables)) {
        variables.after = cursor
        attempt = 0
        if (skipped) console.error(`${skipped} samples are gone: away for too long`)
        console.log(JSON.stringify(metrics))
        if (++seen === count) return
      }
      return // The deployment was deleted: no more samples will come.
    } catch (error) {
      if (error.code === 'NOT_FOUND' && seen) return // The deployment was deleted while we were disconnected.
      if (error.code !== 'UNAVAILABLE' && error.code !== 'RATE_LIMITED') throw error
      await backOff(attempt)
    }
  }
}

try {
  const [id, count] = process.argv.slice(2)
  const first = id ? null : (await results(FIRST_ACTIVE).next()).value.edges[0]?.node.id
  if (!id && !first) throw new Error('no deployment is active')
  await watch(id ?? first, Number(count))
} catch (error) {
  console.error('refused:', error.reason ?? error.message)
  process.exitCode = 1
} finally {
  await client.dispose()
}
