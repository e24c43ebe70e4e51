import { register } from '../../test/process/documents.ts'
import { interleaved, type Measured, medianOf, pause, type Run } from '../rounds.ts'
import { figure, type Section } from '../section.ts'
import { ServerProcess } from '../server-process.ts'
import { databaseKind, gaugeline, referenceScript } from '../servers.ts'

interface Contestant {
  name: string
  targets: number
  /** They refuse connections. */
  areDead: boolean
}

interface Scraped {
  /** Of one core, in percent. */
  cpuPercent: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  samplesPerSecond: number
}

const BYTES = 50_000
const INTERVAL_SECONDS = 5
const DEPLOY = `mutation ($job: ID!, $url: String!) {
  deployTrainingJob(input: { trainingJobId: $job, source: { scrape: { url: $url, intervalSeconds: ${INTERVAL_SECONDS} } } }) {
    __typename ... on Error { message }
  }
}`

/** What it costs to scrape model servers, while nobody looks. */
export async function scraping(run: Run): Promise<Section> {
  const [many, dead] = run.quick ? [5, 2] : [500, 100]
  const contestants: Contestant[] = [
    { name: 'nothing to scrape', targets: 0, areDead: false },
    { name: `${many} targets`, targets: many, areDead: false },
    { name: `${dead} targets that refuse`, targets: dead, areDead: true },
  ]
  const measured = await interleaved(run, contestants, (each) => measure(each, run.quick))
  return {
    title: 'Scraping',
    about:
      `Model servers with the metrics of vLLM, ${BYTES / 1000} KB each, gzipped, every ${INTERVAL_SECONDS} s. The lateness is ` +
      `from the end of a window until its sample is stored; scrapes are spread over the first second of it.`,
    columns: ['Gaugeline', 'CPU, % of a core', 'samples/s', 'late p50, ms', 'late p99, ms', 'late max, ms'],
    rows: measured.map(rowOf),
    verdicts: measured
      .filter(({ measurements }, at) => contestants[at]?.targets === many && measurements.length > 0)
      .map(({ name, measurements }) => ({
        what: `CPU of the server, ${name}`,
        value: medianOf(measurements, ({ cpuPercent }) => cpuPercent),
        target: 40,
        unit: '% of a core',
      })),
    faults: measured.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`)),
    remarks: [],
  }
}

function rowOf({ name, measurements }: Measured<Scraped>): string[] {
  const shown = (value: (each: Scraped) => number) => figure(medianOf(measurements, value))
  return [
    name,
    shown(({ cpuPercent }) => cpuPercent),
    shown(({ samplesPerSecond }) => samplesPerSecond),
    shown(({ p50Ms }) => p50Ms),
    shown(({ p99Ms }) => p99Ms),
    shown(({ maxMs }) => maxMs),
  ]
}

async function measure({ targets, areDead }: Contestant, quick: boolean): Promise<Scraped> {
  await using models = await ServerProcess.start(referenceScript('model-servers.mjs'), [
    JSON.stringify({ bytes: BYTES }),
  ])
  const origin = areDead ? 'http://127.0.0.1:9' : models.origin
  const settings = { SCRAPE_ALLOWED_HOSTS: '127.0.0.1', MAX_ACTIVE_DEPLOYMENTS: '1000' }
  await using server = await gaugeline({ intervalMs: 1000, deployments: 0, database: await databaseKind(), settings })
  for (let n = 0; n < targets; n += 1) {
    const job = await register(server.client, `bench/model-${n % 5}`, `job ${n}`)
    const url = `${origin}/${n}/metrics`
    const { deployTrainingJob: answer } = await server.client.data<{
      deployTrainingJob: { __typename: string; message?: string }
    }>(DEPLOY, { job, url })
    if (answer.message !== undefined) throw new Error(answer.message)
  }
  // The code that is used all the time is compiled, and every target was scraped.
  await pause(quick ? 1000 : 15_000)
  const before = await server.process.figures()
  const startedMs = performance.now()
  await server.process.watch()
  await pause(quick ? 6000 : 30_000)
  const { stored } = await server.process.watched()
  const seconds = (performance.now() - startedMs) / 1000
  const after = await server.process.figures()
  const lateness = stored.flatMap(({ latenessMs, samples }) => Array.from({ length: samples }, () => latenessMs))
  const sorted = lateness.toSorted((a, b) => a - b)
  if (sorted.length === 0 && targets > 0 && !areDead) throw new Error('nothing was stored')
  return {
    cpuPercent: (after.cpuMs - before.cpuMs) / seconds / 10,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
    maxMs: sorted.at(-1) ?? NaN,
    samplesPerSecond: sorted.length / seconds,
  }
}
