import { LoadProcess } from '../load/load.ts'
import { interleaved, medianOf, pause, type Run } from '../rounds.ts'
import { figure, type Section } from '../section.ts'
import { type Statement, ServerProcess } from '../server-process.ts'
import { gaugeline, referenceScript, type RunningGaugeline } from '../servers.ts'

const CONNECTIONS = 32
const DEPLOYMENTS = 50
/** Each may ask for some 250 such pages at once, and 12 more every second. */
const CALLERS = 64

interface Question {
  name: string
  query: string
  variables: Record<string, unknown>
}

interface Contestant {
  name: string
  question: Question
  server: { process: ServerProcess; origin: string; tokens: readonly string[] }
}

interface Measurement {
  /** Less what the server uses without requests. */
  cpuUs: number
  /** That, as a share of a core. */
  fixed: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  bytesPerAnswer: number
  busy: number
  loadBusy: number
}

/** Queries beside a handler that runs the same statements through the same driver. */
export async function http(run: Run): Promise<Section> {
  await using server = await gaugeline({
    intervalMs: 1_000,
    deployments: run.quick ? 5 : DEPLOYMENTS,
    callers: CALLERS,
  })
  if (server.databaseUrl === undefined) return withoutDatabase()
  const questions = questionsTo(server)
  const statements = await statementsOf(server, questions)
  await using bare = await ServerProcess.start(referenceScript('node-http.mjs'), [
    JSON.stringify({ url: server.databaseUrl, statements }),
  ])
  const { tokens } = server.target
  const contestants = questions.flatMap((question): Contestant[] => [
    { name: `node:http, ${question.name}`, question, server: { process: bare, origin: bare.origin, tokens: [] } },
    {
      name: `Gaugeline, ${question.name}`,
      question,
      server: { process: server.process, origin: server.process.origin, tokens },
    },
  ])
  const measured = await interleaved(run, contestants, (each) => measure(each, run.quick ? 500 : 6_000))
  const median = (name: string, value: (each: Measurement) => number) =>
    medianOf(measured.find((each) => each.name === name)?.measurements ?? [], value)
  return {
    title: 'Queries by POST',
    about:
      `There are ${CONNECTIONS} connections, and each sends the next request as soon as it has its answer. The node:http ` +
      'server runs the same statements that Gaugeline runs for the same request, through the same driver, and serialises ' +
      'their rows as JSON; it checks nothing. The CPU figure is the CPU time of the server process minus what it uses ' +
      `without requests. Statements: ${questions.map(({ name, query }) => `${statements[query]?.length} for the ${name}`).join(', ')}.`,
    columns: [
      'server, request',
      'CPU, µs a request',
      'fixed CPU, % of a core',
      'requests a second',
      'p50, ms',
      'p99, ms',
      'bytes',
      'server busy, %',
      'load busy, %',
    ],
    rows: measured.map(({ name, measurements }) => [
      name,
      figure(medianOf(measurements, ({ cpuUs }) => cpuUs)),
      figure(medianOf(measurements, ({ fixed }) => fixed * 100)),
      figure(medianOf(measurements, ({ perSecond }) => perSecond)),
      figure(medianOf(measurements, ({ p50Ms }) => p50Ms)),
      figure(medianOf(measurements, ({ p99Ms }) => p99Ms)),
      figure(medianOf(measurements, ({ bytesPerAnswer }) => bytesPerAnswer)),
      figure(medianOf(measurements, ({ busy }) => busy * 100)),
      figure(medianOf(measurements, ({ loadBusy }) => loadBusy * 100)),
    ]),
    verdicts: questions.map(({ name }) => ({
      what: `CPU a request, ${name}, to node:http`,
      value: median(`Gaugeline, ${name}`, ({ cpuUs }) => cpuUs) / median(`node:http, ${name}`, ({ cpuUs }) => cpuUs),
      target: 2,
      unit: '×',
    })),
    faults: measured
      .filter(({ name }) => name.startsWith('Gaugeline'))
      .flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`)),
    remarks: [],
  }
}

function questionsTo({ target }: RunningGaugeline): Question[] {
  return [
    {
      name: 'small query',
      query: 'query ($id: ID!) { deployment(id: $id) { version status } }',
      variables: { id: target.deploymentIds[0] },
    },
    {
      name: `page of ${DEPLOYMENTS} deployments × 12 fields`,
      query: `{ deployments(first: ${DEPLOYMENTS}) { edges { node { id version status note createdAt createdBy statusChangedAt
        canPause canResume canDelete model { name } trainingJob { name } } } } }`,
      variables: {},
    },
  ]
}

/** What Gaugeline asks of its database for each question, once it knows it. */
async function statementsOf(server: RunningGaugeline, questions: Question[]): Promise<Record<string, Statement[]>> {
  const statements: Record<string, Statement[]> = {}
  for (const { query, variables } of questions) {
    await server.client.data(query, variables)
    await server.process.record()
    await server.client.data(query, variables)
    statements[query] = await server.process.recorded()
  }
  return statements
}

async function measure({ question, server }: Contestant, ms: number): Promise<Measurement> {
  await using load = new LoadProcess()
  const { query, variables } = question
  const { origin, tokens } = server
  const requests = { origin, tokens, body: JSON.stringify({ query, variables }), connections: CONNECTIONS }
  await load.ask('request', { ...requests, ms: ms / 2 })
  const idle = await span(server.process, () => pause(ms / 2))
  await load.ask('begin')
  const { cpuMs, took, result: answered } = await span(server.process, () => load.ask('request', { ...requests, ms }))
  return {
    ...answered,
    cpuUs: ((cpuMs - (idle.cpuMs * took) / idle.took) * 1000) / answered.requests,
    fixed: idle.cpuMs / idle.took,
    perSecond: (answered.requests * 1000) / took,
    busy: cpuMs / took,
    loadBusy: (await load.ask('cpu')) / took,
  }
}

/** What the server uses meanwhile, in milliseconds. */
async function span<Result>(server: ServerProcess, work: () => Promise<Result>) {
  const { cpuMs: cpuFromMs } = await server.figures()
  const from = performance.now()
  const result = await work()
  const took = performance.now() - from
  return { cpuMs: (await server.figures()).cpuMs - cpuFromMs, took, result }
}

function withoutDatabase(): Section {
  return {
    title: 'Queries by POST',
    about:
      'This was not measured, because the reference needs a PostgreSQL server, and none could be reached (TEST_DATABASE_URL).',
    columns: [],
    rows: [],
    verdicts: [],
    faults: [],
    remarks: [],
  }
}
