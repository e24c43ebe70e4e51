// Deploys the first training job that can be deployed and prints ten samples of its metrics, whatever the network does:
//   GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… node docs/examples/deploy-and-watch.mjs
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws' // Node 22 and later have their own.

const client = createClient({
  url: `${process.env.GAUGELINE_URL.replace(/^http/, 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${process.env.GAUGELINE_TOKEN}` },
  retryAttempts: Infinity,
  shouldRetry: ({ code }) => code !== 4401 && code !== 4403, // A refused token stays refused; servers come back.
})
// A socket that was closed for good is thrown as its close event, whose reason says why.
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

// The client sends these very variables again when it reconnects: with the newest cursor in them, nothing is missed.
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
