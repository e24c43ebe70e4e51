// Deploys the first training job that can be deployed, and prints ten samples of its metrics. It misses no sample, even
// when the network fails. Usage:
//   GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… node docs/examples/deploy-and-watch.mjs
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws' // Node 22 and later have a WebSocket built in.

const client = createClient({
  url: `${process.env.GAUGELINE_URL.replace(/^http/, 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${process.env.GAUGELINE_TOKEN}` },
  retryAttempts: Infinity,
  shouldRetry: ({ code }) => code !== 4401 && code !== 4403, // A rejected token stays invalid; a server comes back.
})
// When the socket is closed for good, graphql-ws throws the close event. Its `reason` says why.
process.on('uncaughtException', (error) => process.exit(console.error(error.reason || error.message) ?? 1))
async function* results(query, variables) {
  for await (const { data, errors } of client.iterate({ query, variables })) {
    if (errors) throw new Error(errors[0].message)
    yield Object.values(data)[0]
  }
}
const ask = async (query, variables) => (await results(query, variables).next()).value

const { edges } = await ask('{ trainingJobs(first: 100) { edges { node { id deployability { canDeploy } } } } }')
const job = edges.find(({ node }) => node.deployability.canDeploy)?.node
const { message, deployment } = await ask(
  `mutation ($id: ID!) { deployTrainingJob(input: { trainingJobId: $id }) { ... on Error { message }
    ... on DeployTrainingJobSuccess { deployment { id version model { name } } } } }`,
  { id: job?.id ?? 'none can be deployed' },
)
if (!deployment) throw new Error(message)
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
await client.dispose()
