// What all references deliver: samples of as many fields, bytes and windows a second as Gaugeline's.
// Started with one argument, JSON: { intervalMs, deployments }.
export const { intervalMs, deployments } = JSON.parse(process.argv[2])

export const deploymentIds = Array.from({ length: deployments }, (_each, at) => String(at))

/** The types of the references that are written in SDL. */
export const typeDefs = `
  type Query { deploymentIds: [ID!]! }
  type Subscription { inferenceMetrics(deploymentId: ID!): InferenceMetricsUpdate! }
  type InferenceMetricsUpdate { cursor: String! skipped: Int! metrics: InferenceMetrics! }
  type InferenceMetrics {
    at: String! requests: Float! requestsPerSecond: Float! errors: Float! errorRate: Float
    promptTokens: Float generatedTokens: Float tokensPerSecond: Float inFlight: Int latency: LatencySummary
  }
  type LatencySummary { p50Ms: Float! p95Ms: Float! p99Ms: Float! }
`

function sampleOf(atMs) {
  const sequence = Math.floor(atMs / intervalMs)
  const requests = 20 + (sequence % 60)
  const milliseconds = (factor) => Math.round((100 + (sequence % 50)) * factor * 1000) / 1000
  return {
    cursor: Buffer.from(`reference cursor ${sequence}`.padEnd(31)).toString('base64url'),
    skipped: 0,
    metrics: {
      at: new Date(atMs).toISOString(),
      requests,
      requestsPerSecond: (requests * 1000) / intervalMs,
      errors: sequence % 3,
      errorRate: (sequence % 3) / requests,
      promptTokens: requests * 731,
      generatedTokens: requests * 119,
      tokensPerSecond: (requests * 119_000) / intervalMs,
      inFlight: 1 + (sequence % 9),
      latency: { p50Ms: milliseconds(1.2345), p95Ms: milliseconds(3.4567), p99Ms: milliseconds(5.6789) },
    },
  }
}

/** Publishes each deployment's window when it has ended, and those that were missed when the process was held up. */
export function publishSamples(publish) {
  let nextMs = Math.ceil(Date.now() / intervalMs) * intervalMs
  const tick = () => {
    for (; nextMs + intervalMs <= Date.now(); nextMs += intervalMs) {
      for (const id of deploymentIds) publish(id, sampleOf(nextMs))
    }
    setTimeout(tick, nextMs + intervalMs - Date.now())
  }
  tick()
}
