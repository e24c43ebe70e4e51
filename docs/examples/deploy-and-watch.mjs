// Deploys the first training job that can be deployed, and prints ten samples of its metrics. It misses no sample, even
// when the network fails, and never deploys twice. Usage:
//   GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… node docs/examples/deploy-and-watch.mjs
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws' // Its errors say what went wrong; those of the WebSocket of Node 22 do not.

const { GAUGELINE_URL = '', GAUGELINE_TOKEN = '' } = process.env
if (!/^https?:\/\/[^\s/]/.test(GAUGELINE_URL) || !URL.canParse(GAUGELINE_URL)) {
  stop(`GAUGELINE_URL must be the address of the server, like http://127.0.0.1:4000; it is "${GAUGELINE_URL}"`)
}
if (!/^[!-~]+$/.test(GAUGELINE_TOKEN)) stop('GAUGELINE_TOKEN must be an API token, like gl_…, without spaces')
const url = `${GAUGELINE_URL.replace(/\/+$/, '').replace(/^http/, 'ws')}/graphql`

function stop(message) {
  console.error(message)
  process.exit(1)
}
// Nobody reads any more, as after `| head`; or the disk is full.
process.stdout.on('error', ({ code, message }) => (code === 'EPIPE' ? process.exit(141) : stop(message)))
const reasonOf = ({ message, reason, code }) => message?.trim() || reason || `the connection was closed with ${code}`
const advice = '; see that GAUGELINE_URL is the address of the server, and that its certificate is trusted'
process.on('uncaughtException', (error) =>
  stop(`refused: ${error.message && isFinal(error) ? `${url}: ${reasonOf(error)}${advice}` : reasonOf(error)}`),
)

/** A rejected token and a wrong address stay wrong; a server and a network come back. */
function isFinal({ code, message = '' }) {
  if (code === 4401 || code === 4403) return true
  const [, status] = /server response: (\d+)/.exec(message) ?? []
  return status ? status < 500 && status !== '408' && status !== '429' : /EPROTO|certificate/i.test(message)
}

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${GAUGELINE_TOKEN}` },
  connectionAckWaitTimeout: 10_000,
  retryAttempts: Infinity,
  // Exponential backoff with full jitter, so that the clients do not all reconnect at the same time.
  retryWait: (attempt) => sleep(Math.random() * Math.min(10_000, 500 * 2 ** attempt)),
  shouldRetry(problem) {
    if (!isFinal(problem)) console.error(`no connection to ${url}: ${reasonOf(problem)}; trying again`)
    return !isFinal(problem)
  },
})

async function* results(query, variables) {
  try {
    for await (const { data, errors } of client.iterate({ query, variables })) {
      if (errors) throw new Error(errors[0].message)
      yield Object.values(data)[0]
    }
  } catch (error) {
    // graphql-ws throws a list of errors when an operation is refused, and what closed the socket when it gives up.
    throw Array.isArray(error) ? new Error(error[0].message) : error
  }
}
const ask = async (query, variables) => (await results(query, variables).next()).value

const { edges } = await ask('{ trainingJobs(first: 100) { edges { node { id deployability { canDeploy } } } } }')
const job = edges.find(({ node }) => node.deployability.canDeploy)?.node
if (!job) stop('no training job can be deployed: each has an active deployment, or has not finished')

// If the connection fails before the answer arrives, graphql-ws sends the mutation again. The key makes that safe: the
// server deploys once, and answers with the deployment that it made.
const { message, deployment } = await ask(
  `mutation ($input: DeployTrainingJobInput!) { deployTrainingJob(input: $input) { ... on Error { message }
    ... on DeployTrainingJobSuccess { deployment { id version model { name } } } } }`,
  { input: { trainingJobId: job.id, idempotencyKey: randomUUID() } },
)
if (!deployment) stop(`refused: ${message}`)
console.log(deployment.model.name, deployment.version)

// When the client reconnects, it sends this same object again. It holds the newest cursor, so no sample is missed.
const variables = { id: deployment.id, after: null }
const watch = `subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }`
let printed = 0
for await (const { cursor, metrics } of results(watch, variables)) {
  variables.after = cursor
  console.log(JSON.stringify(metrics))
  if (++printed === 10) break
}
if (printed < 10) stop('the deployment was deleted')
await client.dispose()
