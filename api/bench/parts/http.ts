import { fillRows } from '../queries/rows.ts'
import { CONNECTIONS, measure, type Measurement, type QueryServer } from '../queries/measure.ts'
import { type Question, questionsTo } from '../queries/questions.ts'
import { interleaved, medianOf, type Run } from '../rounds.ts'
import { figure, type Section } from '../section.ts'
import { type Statement, ServerProcess } from '../server-process.ts'
import { databaseKind, gaugeline, referenceScript } from '../servers.ts'
import { getNewerNode } from '../../../scripts/newer-node.mjs'

/** Each may ask for some 250 pages at once, and 12 more every second. */
const CALLERS = 256
const TITLE = 'Queries by POST'

interface Contestant {
  name: string
  server: QueryServer
  question: Question
  equal: boolean
}

/** Queries beside a handler that runs the same statements through the same driver. */
export async function http(run: Run): Promise<Section> {
  if ((await databaseKind()) === 'embedded') return withoutDatabase()
  const { path: node = process.execPath } = await getNewerNode()
  await using server = await startGaugeline(run, node)
  const questions = await questionsTo(server.client)
  const contestants = questions.flatMap((question) =>
    [false, true].map((equal): Contestant => ({ name: nameOf('Gaugeline', question, equal), server, question, equal })),
  )
  await using bare = run.alone ? null : await startBare(server, questions, node)
  if (bare !== null) {
    contestants.push(
      ...questions.map((question) => ({
        name: nameOf('node:http', question, false),
        server: bare,
        question,
        equal: false,
      })),
    )
  }
  const measured = await interleaved(run, contestants, ({ server: asked, question, equal }) =>
    measure(asked, question, equal, run.quick ? 0.02 : run.alone ? 0.25 : 1),
  )
  const sumOf = (name: string, question: Question, equal: boolean) =>
    medianOf(
      measured.find((each) => each.name === nameOf(name, question, equal))?.measurements ?? [],
      ({ serverUs, backendsUs }) => serverUs + backendsUs,
    )
  return {
    title: TITLE,
    about:
      `There are ${CONNECTIONS} connections, and each sends the next request as soon as it has its answer. The node:http ` +
      'server runs the same statements that Gaugeline runs for the same request, through the same driver, and serialises ' +
      'their rows as JSON; it checks nothing. The CPU figures are those of the server process and of the backends of ' +
      'PostgreSQL, minus what they use without requests.',
    columns: [
      'server, request',
      'CPU, µs a request',
      'server',
      'backends',
      'fixed CPU, % of a core',
      'requests a second',
      'p50, ms',
      'p99, ms',
      'bytes',
      'busy, %',
      'load busy, %',
    ],
    rows: measured.map(({ name, measurements }) => [name, ...figures(measurements)]),
    verdicts: run.alone
      ? []
      : questions.map((question) => ({
          what: `CPU a request, ${question.name}, to node:http`,
          value: sumOf('Gaugeline', question, false) / sumOf('node:http', question, false),
          target: 2,
          unit: '×',
        })),
    faults: measured
      .filter(({ name }) => name.startsWith('Gaugeline'))
      .flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`)),
    remarks: [],
  }
}

const nameOf = (server: string, { name }: Question, equal: boolean) => `${server}, ${name}${equal ? ', all equal' : ''}`

function figures(measurements: readonly Measurement[]): string[] {
  const values: ((each: Measurement) => number)[] = [
    ({ serverUs, backendsUs }) => serverUs + backendsUs,
    ({ serverUs }) => serverUs,
    ({ backendsUs }) => backendsUs,
    ({ fixed }) => fixed * 100,
    ({ perSecond }) => perSecond,
    ({ p50Ms }) => p50Ms,
    ({ p99Ms }) => p99Ms,
    ({ bytesPerAnswer }) => bytesPerAnswer,
    ({ busy }) => busy * 100,
    ({ loadBusy }) => loadBusy * 100,
  ]
  return values.map((value) => figure(medianOf(measurements, value)))
}

async function startGaugeline(run: Run, node: string): Promise<QueryServer> {
  const server = await gaugeline({
    intervalMs: 60_000,
    deployments: 0,
    callers: run.quick ? 4 : CALLERS,
    scopes: 'READ, DEPLOY',
    fill: fillRows,
    node,
  })
  const { databaseUrl = '', client, process, target } = server
  return {
    process,
    databaseUrl,
    client,
    tokens: target.tokens,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The node:http handler, with what Gaugeline asks of its database for each question, once it knows it. */
async function startBare(server: QueryServer, questions: Question[], node: string): Promise<QueryServer> {
  const statements: Record<string, Statement[]> = {}
  for (const { query, variables } of questions) {
    await server.client.data(query, variables[0])
    await server.process.record()
    await server.client.data(query, variables[0])
    statements[query] = await server.process.recorded()
  }
  const { databaseUrl, client } = server
  const argument = JSON.stringify({ url: databaseUrl, statements })
  const process = await ServerProcess.start(referenceScript('node-http.mjs'), [argument], {}, node)
  return { process, databaseUrl, client, tokens: [], [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() }
}

function withoutDatabase(): Section {
  return {
    title: TITLE,
    about:
      'This was not measured, because the reference needs a PostgreSQL server, and none could be reached (TEST_DATABASE_URL).',
    columns: [],
    rows: [],
    verdicts: [],
    faults: [],
    remarks: [],
  }
}
