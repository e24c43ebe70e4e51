import { createTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { execute, parse } from '../../test/api-graphql.ts'
import { createApi } from '../../src/schema/api.ts'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { median } from '../../test/process/soak-figures.ts'
import { DEPLOYMENTS, fillHistory } from '../history-rows.ts'
import type { Run } from '../rounds.ts'
import { figure, type Section } from '../section.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ROUNDS = 20

const FIELDS = `resolutionSeconds summary { requests latency { p99Ms } }
  points { at coveredSeconds requestsPerSecond errorRate latency { p50Ms p95Ms p99Ms } }`
const DEPLOYMENT = '00000000-0000-7000-8300-000000000001'

interface Question {
  what: string
  spanMs: number
  /** Milliseconds. */
  target: number
  query: string
}

const ofDeployment = `query ($from: DateTime!) {
  history: deployment(id: "${Buffer.from(`Deployment:${DEPLOYMENT}`).toString('base64')}") {
    metricsHistory(from: $from, maxPoints: 300) { ${FIELDS} } } }`
const ofFleet = (filter: string) =>
  `query ($from: DateTime!) { history: fleetMetricsHistory(${filter} from: $from, maxPoints: 300) { ${FIELDS} } }`

const QUESTIONS: Question[] = [
  { what: 'a day of one deployment', spanMs: DAY_MS, target: 30, query: ofDeployment },
  { what: '30 days of one deployment', spanMs: 30 * DAY_MS, target: 60, query: ofDeployment },
  {
    what: `a day of ${DEPLOYMENTS} deployments with a label`,
    spanMs: DAY_MS,
    target: 500,
    query: ofFleet('filter: { labels: [{ key: "team", value: "bench" }] },'),
  },
  { what: 'a year of the whole fleet', spanMs: 365 * DAY_MS, target: 100, query: ofFleet('') },
]

/** How long one history takes, in the server. */
export async function history(run: Run): Promise<Section> {
  const rows: string[][] = []
  const verdicts: Section['verdicts'] = []
  for (const kind of await testDatabaseKinds()) {
    run.log(`  filling ${kind}`)
    await using database = await createTestDatabase(kind)
    const deps = await createTestDeps(database)
    await fillHistory(database, deps.recordingClock.now())
    for (const question of QUESTIONS) {
      run.log(`  ${question.what}`)
      const answer = await ask(deps, question, run.quick ? 3 : ROUNDS)
      const what = `${question.what}, ${kind}`
      rows.push([what, figure(answer.ms), String(answer.resolutionSeconds), String(answer.points)])
      verdicts.push({ what, value: answer.ms, target: question.target, unit: 'ms' })
    }
  }
  return {
    title: 'Looking back',
    about:
      'Histories of at most 300 points with three percentiles each, one after the other: medians of 20 from the parsed query to the answer, statements included, without HTTP and without other load. A stored window of an hour holds 72,000 requests of a deployment, or 14 million of the fleet.',
    columns: ['what', 'ms', 'seconds a point', 'points'],
    rows,
    verdicts,
    faults: [],
    remarks: [],
  }
}

interface History {
  resolutionSeconds: number
  points: unknown[]
}

async function ask({ services, recordingClock }: TestDeps, { query, spanMs }: Question, rounds: number) {
  const { schema, createContext } = createApi(services)
  const document = parse(query)
  const variableValues = { from: new Date(recordingClock.now() - spanMs).toISOString() }
  const times: number[] = []
  let found: History | undefined
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now()
    const contextValue = createContext({ name: 'bench', key: 'bench', scopes: new Set(['READ']) }, 'bench')
    const { data, errors } = await execute({ schema, document, variableValues, contextValue })
    times.push(performance.now() - startedMs)
    if (errors?.[0]) throw errors[0]
    const { history: answer } = data as { history: History | { metricsHistory: History } }
    found = 'metricsHistory' in answer ? answer.metricsHistory : answer
  }
  return { ms: median(times), resolutionSeconds: found?.resolutionSeconds ?? 0, points: found?.points.length ?? 0 }
}
