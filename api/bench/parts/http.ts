import { getNewerNode } from '../../../scripts/newer-node.mjs'
import { LoadProcess } from '../load/load.ts'
import { answersOf, difference, knownFigures } from '../queries/answers.ts'
import { generateClient } from '../queries/generate.ts'
import { type Asked, measure, type Pace, type QueryServer } from '../queries/measure.ts'
import { commonQuestions, type Dialect, furtherQuestions } from '../queries/questions.ts'
import { askedName, QUERY_COLUMNS, queryRows, queryVerdicts } from '../queries/results.ts'
import { startBare, startGaugeline, startReference } from '../queries/servers.ts'
import { interleaved, type Run } from '../rounds.ts'
import type { Section } from '../section.ts'
import { databaseKind } from '../servers.ts'

/** Each may ask for some 250 pages at once, and 12 more every second. */
const CALLERS = 256
/** So many different ones: more than are asked at the same time. */
const HISTORIES = 40
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

interface Reference {
  name: string
  script: string
  dialect: Dialect
  /** The oldest Node that it runs on. */
  oldest: number
}

const REFERENCES: Reference[] = [
  { name: 'Yoga + Pothos + Prisma', script: 'yoga.mjs', dialect: 'gaugeline', oldest: 20 },
  { name: 'Apollo Server + Prisma', script: 'apollo.mjs', dialect: 'gaugeline', oldest: 20 },
  { name: 'Mercurius (JIT) + Prisma', script: 'mercurius.mjs', dialect: 'gaugeline', oldest: 20 },
  { name: 'PostGraphile', script: 'postgraphile.mjs', dialect: 'postgraphile', oldest: 22 },
]

/** Queries beside other servers on the same rows, and beside a handler that runs the same statements. */
export async function http(run: Run): Promise<Section> {
  if ((await databaseKind()) === 'embedded') {
    return section(
      'This was not measured: it needs a PostgreSQL server, and none could be reached (TEST_DATABASE_URL).',
    )
  }
  const { path: node = process.execPath, version = process.version } = await getNewerNode()
  const servers: QueryServer[] = []
  try {
    return await compare(run, { node, version }, servers)
  } finally {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
  }
}

/** @param servers takes those that were started */
async function compare(run: Run, { node, version }: Runtime, servers: QueryServer[]): Promise<Section> {
  const histories = run.quick ? 2 : HISTORIES
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
  const historyTo = new Date(Math.floor(nowMs / HOUR_MS) * HOUR_MS)
  const started = async (starting: Promise<QueryServer>) => {
    const server = await starting
    servers.push(server)
    return server
  }
  const own = await started(startGaugeline(node, run.quick ? 4 : CALLERS, nowMs, histories))
  const common = await commonQuestions(own.client, 'gaugeline')
  const questions = [...common, ...furtherQuestions(common, histories, historyTo)]
  const asked: Pick<Asked, 'server' | 'question'>[] = questions.map((question) => ({ server: own, question }))
  const faults: string[] = []
  const remarks: string[] = []
  if (!run.alone) {
    await generateClient()
    const bare = await started(startBare(own, common, node))
    asked.push(...common.map((question) => ({ server: bare, question })))
    const figures = await knownFigures(own.client, histories, historyTo)
    const expected = new Map<string, unknown[]>()
    for (const question of questions) expected.set(question.name, await answersOf(own.client, question))

    const runnable = REFERENCES.filter(({ oldest }) => Number.parseInt(version.slice(1)) >= oldest)
    for (const { name, oldest } of REFERENCES) {
      if (!runnable.some((each) => each.name === name))
        remarks.push(`${name} was not measured: it needs Node ${oldest}.`)
    }
    const compared = runnable.map(async ({ name, script, dialect }) => {
      const server = await started(startReference(name, script, node, figures))
      const known = await commonQuestions(server.client, dialect)
      if (dialect === 'gaugeline') known.push(...furtherQuestions(known, histories, historyTo))
      for (const question of known) {
        const answers = await answersOf(server.client, question)
        const wrong = difference(name, question, expected.get(question.name) ?? [], answers)
        if (wrong !== null) faults.push(wrong)
        asked.push({ server, question })
      }
    })
    await Promise.all(compared)
  }

  // Those that are compared with each other are measured one after the other.
  const contestants = questions.flatMap(({ name, once }) =>
    (once ? [false] : [false, true]).flatMap((equal) =>
      asked
        .filter(({ question }) => question.name === name)
        .map((each): Asked => ({ ...each, name: askedName(each.server.name, name, equal), equal })),
    ),
  )
  await using load = new LoadProcess()
  const pace = paceOf(run)
  const measured = await interleaved({ ...run, quick: false }, contestants, (each) => measure(load, each, pace))
  for (const { name, failures } of measured) {
    const said = name.startsWith('Gaugeline') ? faults : remarks
    said.push(...failures.map((failure) => `${name}: ${failure}`))
  }
  return {
    ...section(
      `There are ${pace.connections} connections, and each sends the next request as soon as it has its answer: each time ` +
        'another one of 40 or more, or where it says "equal" always the same. All servers run on ' +
        `Node.js ${version} and on databases of their own with the same rows, on the same PostgreSQL with at most ten ` +
        'connections each; they gave the same answers before they were measured. The CPU figure is that of the server ' +
        'process and of its backends of PostgreSQL. The node:http server runs the ' +
        'statements that Gaugeline runs for the same request, through the same driver, and serialises their rows as ' +
        'JSON; it checks nothing. The servers with Prisma are wired as their documentation does, and PostGraphile with ' +
        'its usual preset; they check no callers, bound nothing, and read figures that Gaugeline has made from plain ' +
        'columns, where Gaugeline merges distributions.',
    ),
    columns: QUERY_COLUMNS,
    rows: queryRows(measured),
    verdicts: queryVerdicts(measured, contestants),
    faults,
    remarks,
  }
}

function paceOf({ quick, alone }: Run): Pace {
  if (quick) return { connections: 4, share: 0 }
  return { connections: 32, share: alone ? 0.5 : 1 }
}

interface Runtime {
  /** The path of the Node that servers run on. */
  node: string
  version: string
}

function section(about: string): Section {
  return { title: 'Queries by POST', about, columns: [], rows: [], verdicts: [], faults: [], remarks: [] }
}
