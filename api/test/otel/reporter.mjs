// A program with OpenTelemetry's own SDK, that reports for some deployments until it is told to stop. It reads its orders
// as JSON from its first argument, writes a line when it has started, and the totals that it recorded at its end.
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtoExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'

const { url, token, reporters, exportMs, requestsPerExport, seed } = JSON.parse(process.argv[2])
let state = seed

/** Numbers from 0 to 1, the same for the same seed. */
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

/**
 * Sends a batch again until it was taken, as a collector with a queue does: the exporter gives up after five attempts,
 * and a restart may take longer on a busy machine.
 */
function untilTaken(exporter) {
  const running = new Set()
  const { export: exportOnce } = exporter
  exporter.export = (metrics, done) => {
    running.add(metrics)
    const attempt = () =>
      exportOnce.call(exporter, metrics, (result) => {
        // 0 is success.
        if (result.code !== 0) return void setTimeout(attempt, 200)
        running.delete(metrics)
        done(result)
      })
    attempt()
  }
  const { shutdown } = exporter
  exporter.shutdown = async () => {
    while (running.size > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    await shutdown.call(exporter)
  }
  return exporter
}

const all = reporters.map(({ deployment, encoding, temporality, aggregation }) => {
  const Exporter = encoding === 'protobuf' ? ProtoExporter : JsonExporter
  const exporter = new Exporter({
    url: `${url}/v1/metrics`,
    headers: { authorization: `Bearer ${token}` },
    temporalityPreference: AggregationTemporality[temporality],
    timeoutMillis: 20_000,
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- its enum is of a package that is not installed by name
    compression: 'gzip',
  })
  const reader = new PeriodicExportingMetricReader({
    exporter: untilTaken(exporter),
    exportIntervalMillis: exportMs,
    exportTimeoutMillis: exportMs,
  })
  const type = AggregationType[aggregation]
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'reporter', 'gaugeline.deployment.id': deployment }),
    readers: [reader],
    views: [{ instrumentName: 'gen_ai.server.request.duration', aggregation: { type } }],
  })
  const meter = provider.getMeter('reporter')
  const duration = meter.createHistogram('gen_ai.server.request.duration', { unit: 's' })
  const tokens = meter.createHistogram('gen_ai.client.token.usage', { unit: '{token}' })
  const totals = { requests: 0, errors: 0, latencySumMs: 0, promptTokens: 0, generatedTokens: 0, latencies: [] }
  return { provider, duration, tokens, totals }
})

function serve({ duration, tokens, totals }) {
  const seconds = 0.05 * Math.exp(2 * random())
  const hasFailed = random() < 0.1
  const [prompt, generated] = [Math.ceil(random() * 500), Math.ceil(random() * 200)]
  duration.record(seconds, hasFailed ? { 'error.type': 'timeout' } : {})
  tokens.record(prompt, { 'gen_ai.token.type': 'input' })
  tokens.record(generated, { 'gen_ai.token.type': 'output' })
  totals.requests += 1
  totals.errors += hasFailed ? 1 : 0
  totals.latencySumMs += seconds * 1000
  totals.promptTokens += prompt
  totals.generatedTokens += generated
  totals.latencies.push(seconds * 1000)
}

const timer = setInterval(() => all.forEach(serve), exportMs / requestsPerExport)
process.stdout.write('started\n')
process.stdin.once('data', () => {
  clearInterval(timer)
  void end()
})

async function end() {
  // Sends what was not sent yet.
  await Promise.all(all.map(({ provider }) => provider.shutdown()))
  // A pipe takes long lines in parts, and an exit would cut them off.
  process.stdout.write(`${JSON.stringify(all.map(({ totals }) => totals))}\n`, () => process.exit(0))
}
