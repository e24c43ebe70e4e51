import { Agent, request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { nanos } from '../../test/otlp-requests.ts'
import { protobufOf } from '../../test/otlp-protobuf.ts'
import { register } from '../../test/process/documents.ts'
import { interleaved, type Measured, medianOf, pause, type Run } from '../rounds.ts'
import { figure, type Section } from '../section.ts'
import { databaseKind, gaugeline, type RunningGaugeline } from '../servers.ts'

interface Contestant {
  name: string
  reportsPerSecond: number
  temporality: 1 | 2
}

interface Reported {
  /** Of one core, in percent. */
  cpuPercent: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

const DEPLOYMENTS = 20
const POINTS = 20
const BOUNDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const METRICS = [
  'gen_ai.server.request.duration',
  'gen_ai.server.time_to_first_token',
  'gen_ai.server.time_per_output_token',
]
const DEPLOY = `mutation ($job: ID!) { deployTrainingJob(input: { trainingJobId: $job, source: { report: {} } }) {
  ... on DeployTrainingJobSuccess { deployment { id } } } }`
const TOKEN = `mutation { createApiToken(input: { name: "reporter", scopes: [REPORT] }) {
  ... on CreateApiTokenSuccess { secret } } }`

/** What it costs to take reports, while nobody looks. */
export async function reporting(run: Run): Promise<Section> {
  const reportsPerSecond = run.quick ? 20 : 200
  const contestants: Contestant[] = [
    { name: 'deltas', reportsPerSecond, temporality: 1 },
    { name: 'cumulative', reportsPerSecond, temporality: 2 },
  ]
  const measured = await interleaved(run, contestants, (each) => measure(each, run.quick))
  return {
    title: 'Reporting',
    about:
      `${reportsPerSecond} reports a second in OTLP, in protobuf and gzip, each of ${POINTS} histograms with ${BOUNDS.length} ` +
      `bounds, for ${DEPLOYMENTS} deployments. Each is stored before it is acknowledged; the time is until then.`,
    columns: ['Gaugeline', 'CPU, % of a core', 'reports/s', 'p50, ms', 'p99, ms', 'max, ms'],
    rows: measured.map(rowOf),
    verdicts: measured
      .filter(({ measurements }) => measurements.length > 0)
      .flatMap(({ name, measurements }) => [
        {
          what: `CPU of the server, ${name}`,
          value: medianOf(measurements, ({ cpuPercent }) => cpuPercent),
          target: 25,
          unit: '% of a core',
        },
        {
          what: `p99 of acknowledgements, ${name}`,
          value: medianOf(measurements, ({ p99Ms }) => p99Ms),
          target: 100,
          unit: 'ms',
        },
      ]),
    faults: measured.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`)),
    remarks: [],
  }
}

function rowOf({ name, measurements }: Measured<Reported>): string[] {
  const shown = (value: (each: Reported) => number) => figure(medianOf(measurements, value))
  return [
    name,
    shown(({ cpuPercent }) => cpuPercent),
    shown(({ perSecond }) => perSecond),
    shown(({ p50Ms }) => p50Ms),
    shown(({ p99Ms }) => p99Ms),
    shown(({ maxMs }) => maxMs),
  ]
}

async function measure({ reportsPerSecond, temporality }: Contestant, quick: boolean): Promise<Reported> {
  await using server = await gaugeline({ intervalMs: 1000, deployments: 0, database: await databaseKind() })
  const deployments = await deployReported(server)
  const { createApiToken } = await server.client.data<{ createApiToken: { secret: string } }>(TOKEN)
  const agent = new Agent({ keepAlive: true })
  const startMs = Date.now()
  let sent = 0
  const send = () => {
    const deployment = deployments[sent % deployments.length] ?? ''
    sent += 1
    const body = reportOf(deployment, temporality, startMs, sent)
    return post(`${server.process.origin}/v1/metrics`, agent, createApiToken.secret, body)
  }
  // The code that is used all the time is compiled.
  await paced(reportsPerSecond, quick ? 500 : 5000, send)
  const before = await server.process.figures()
  const startedMs = performance.now()
  const times = await paced(reportsPerSecond, quick ? 2000 : 20_000, send)
  const seconds = (performance.now() - startedMs) / 1000
  const after = await server.process.figures()
  agent.destroy()
  const sorted = times.toSorted((a, b) => a - b)
  return {
    cpuPercent: (after.cpuMs - before.cpuMs) / seconds / 10,
    perSecond: sorted.length / seconds,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
    maxMs: sorted.at(-1) ?? NaN,
  }
}

async function deployReported(server: RunningGaugeline): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < DEPLOYMENTS; n += 1) {
    const job = await register(server.client, 'bench/reported', `job ${n}`)
    const { deployTrainingJob } = await server.client.data<{ deployTrainingJob: { deployment: { id: string } } }>(
      DEPLOY,
      { job },
    )
    ids.push(deployTrainingJob.deployment.id)
  }
  return ids
}

/** Sends at an even pace, whatever the answers take; gives the milliseconds of each. */
async function paced(perSecond: number, ms: number, send: () => Promise<void>): Promise<number[]> {
  const begin = performance.now()
  const times: number[] = []
  const running: Promise<void>[] = []
  for (let n = 0; n < (perSecond * ms) / 1000; n++) {
    const waitMs = begin + (n * 1000) / perSecond - performance.now()
    if (waitMs > 0) await pause(waitMs)
    const sentMs = performance.now()
    running.push(send().then(() => void times.push(performance.now() - sentMs)))
  }
  await Promise.all(running)
  return times
}

function reportOf(deployment: string, temporality: 1 | 2, startMs: number, n: number): Buffer {
  const timeMs = Date.now() + (n % 1000) / 1000
  const counts = [...BOUNDS, 0].map((_, at) => (temporality === 2 ? n : 1) * (at % 4))
  const count = counts.reduce((sum, of) => sum + of, 0)
  const metrics = METRICS.map((name, metric) => {
    const dataPoints = Array.from({ length: metric === 0 ? POINTS - 2 * 6 : 6 }, (_, at) => ({
      attributes: [
        { key: 'gen_ai.request.model', value: { stringValue: `model-${at}` } },
        { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
      ],
      startTimeUnixNano: nanos(startMs),
      timeUnixNano: nanos(timeMs),
      count,
      sum: count * 0.4,
      bucketCounts: counts,
      explicitBounds: BOUNDS,
    }))
    return { name, unit: 's', histogram: { aggregationTemporality: temporality, dataPoints } }
  })
  const attributes = Object.entries({ 'service.name': 'bench', 'gaugeline.deployment.id': deployment })
  const resource = { attributes: attributes.map(([key, stringValue]) => ({ key, value: { stringValue } })) }
  return gzipSync(protobufOf({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }), { level: 1 })
}

function post(url: string, agent: Agent, token: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'content-length': body.length,
      authorization: `Bearer ${token}`,
    }
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let answer = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (answer += chunk))
      response.on('end', () => {
        if (response.statusCode === 200 && answer === '') resolve()
        else reject(new Error(`A report was answered with ${response.statusCode}: ${answer}`))
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
