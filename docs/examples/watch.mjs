// Follows the samples of one deployment over WebSocket, without a gap after a disconnect. Usage:
//   GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… node watch.mjs [DEPLOYMENT_ID [COUNT]]
// Without an id, it follows the first active deployment. It ends after COUNT samples (default: never) or when the
// deployment is deleted (exit code 0), or when the server refuses it (exit code 1). It reports every retry on stderr.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws' // Its errors say what went wrong; those of the WebSocket of Node 22 do not.

const FIRST_ACTIVE = '{ deployments(first: 1, filter: { status: [ACTIVE] }) { edges { node { id } } } }'
const WATCH = `subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }`

const { GAUGELINE_URL = '', GAUGELINE_TOKEN = '' } = process.env
const [id, count] = process.argv.slice(2)
if (!/^https?:\/\/[^\s/]/.test(GAUGELINE_URL) || !URL.canParse(GAUGELINE_URL)) {
  stop(`GAUGELINE_URL must be the address of the server, like http://127.0.0.1:4000; it is "${GAUGELINE_URL}"`)
}
if (!/^[!-~]+$/.test(GAUGELINE_TOKEN)) stop('GAUGELINE_TOKEN must be an API token, like gl_…, without spaces')
if (!/^([1-9]\d*)?$/.test(count ?? '')) stop(`COUNT must be a whole number from 1; it is "${count}"`)

const url = `${GAUGELINE_URL.replace(/\/+$/, '').replace(/^http/, 'ws')}/graphql`

function stop(message) {
  console.error(message)
  process.exit(1)
}
// Nobody reads any more, as after `| head`; or the disk is full.
process.stdout.on('error', ({ code, message }) => (code === 'EPIPE' ? process.exit(141) : stop(message)))

/** Why the connection failed: the error of its socket, or the close event, which may have no reason. */
const reasonOf = ({ message, reason, code }) => message?.trim() || reason || `the connection was closed with ${code}`

/** A rejected token and a wrong address stay wrong; a server and a network come back. */
function isFinal({ code, message = '' }) {
  if (code === 4401 || code === 4403) return true
  const [, status] = /server response: (\d+)/.exec(message) ?? []
  return status ? status < 500 && status !== '408' && status !== '429' : /EPROTO|certificate/i.test(message)
}

/** Exponential backoff with full jitter, so that the clients do not all reconnect at the same time. */
const backOff = (attempt) => sleep(Math.random() * Math.min(10_000, 500 * 2 ** attempt))

let silence
const client = createClient({
  url,
  webSocketImpl: class extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { handshakeTimeout: 10_000 })
    }
  },
  connectionParams: { authorization: `Bearer ${GAUGELINE_TOKEN}` },
  connectionAckWaitTimeout: 10_000,
  retryAttempts: Infinity,
  retryWait: backOff,
  shouldRetry(problem) {
    if (isFinal(problem)) return false
    console.error(`no connection to ${url}: ${reasonOf(problem)}; trying again`)
    return true
  },
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
    // graphql-ws throws a list of errors when an operation is refused, and what closed the socket when it gives up.
    throw Array.isArray(error) ? refused(error) : error
  }
}

async function findActive() {
  const { value } = await results(FIRST_ACTIVE).next()
  if (value.edges.length === 0) throw new Error('no deployment is active: deploy a training job, or pass an id')
  return value.edges[0].node.id
}

async function watch() {
  // When the client reconnects, it sends this same object again. It holds the newest cursor, so no sample is missed.
  const variables = { id, after: null }
  for (let seen = 0, attempt = 0; ; attempt += 1) {
    try {
      variables.id ??= await findActive()
      for await (const { cursor, skipped, metrics } of results(WATCH, variables)) {
        variables.after = cursor
        attempt = 0
        if (skipped) console.error(`${skipped} samples are gone: away for too long`)
        console.log(JSON.stringify(metrics))
        if (++seen === Number(count)) return
      }
      return // The deployment was deleted: no more samples will come.
    } catch (error) {
      if (error.code === 'NOT_FOUND' && seen) return // The deployment was deleted while we were disconnected.
      if (error.code !== 'UNAVAILABLE' && error.code !== 'RATE_LIMITED') throw error
      console.error(`${error.message} Trying again.`)
      await backOff(attempt)
    }
  }
}

try {
  await watch()
} catch (error) {
  const isAddress = error.message && isFinal(error)
  const advice = '; see that GAUGELINE_URL is the address of the server, and that its certificate is trusted'
  console.error(`refused: ${isAddress ? `${url}: ` : ''}${reasonOf(error)}${isAddress ? advice : ''}`)
  process.exitCode = 1
} finally {
  await client.dispose()
}
