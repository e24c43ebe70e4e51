import { openDatabase } from '@gaugeline/prisma'
import { prepareTestDatabase, type TestDatabaseKind } from '@gaugeline/prisma/testing'
import { expect } from 'vitest'
import { unpackReports } from '../../src/samples/packed-reports.ts'
import { registerJob, succeed } from '../acts.ts'
import { GraphQLTestClient } from '../graphql-client.ts'
import { histogram } from '../otlp-requests.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'

const REPORTERS = 6

/** A reporter of one deployment that sends each report until it was acknowledged, as clients with a queue do. */
class Reporter {
  /** Requests that it was told are counted. */
  acknowledged = 0
  #reports = 0
  readonly #send: (report: number) => Promise<void>

  constructor(send: (report: number) => Promise<void>) {
    this.#send = send
  }

  /** Sends until it has been told to end, and its last report was acknowledged. */
  async run(isOver: () => boolean, onTaken: () => void): Promise<void> {
    while (!isOver()) {
      this.#reports += 1
      while (!(await this.#isTaken(this.#reports))) await new Promise((resolve) => setTimeout(resolve, 20))
      this.acknowledged += requestsIn(this.#reports)
      onTaken()
    }
  }

  async #isTaken(report: number): Promise<boolean> {
    try {
      await this.#send(report)
      return true
    } catch (error) {
      // The server was killed, or is starting.
      if (error instanceof TypeError || error instanceof NotServing) return false
      throw error
    }
  }
}

class NotServing extends Error {}

/** Reports differ, so that one cannot stand for another. */
const requestsIn = (report: number) => 1 + (report % 40)

/**
 * Kills a server under reports again and again. Whatever reporters were told is counted must be counted once: in a
 * sample, or in the inbox.
 */
export async function surviveReportKills(kind: TestDatabaseKind, kills: number): Promise<void> {
  await using database = await prepareTestDatabase(kind)
  const settings = settingsOf(database)
  let { server, origin } = await ServerProcess.serving(settings)
  try {
    const deploymentId = await deployReported(GraphQLTestClient.withToken(origin, ADMIN_TOKEN))
    const reporters = Array.from({ length: REPORTERS }, (_, n) => {
      const send = n % 2 === 0 ? sendRequests : sendPoints()
      return new Reporter((report) => send(origin, deploymentId, `reporter-${n}`, report))
    })
    let isOver = false
    let taken = 0
    let onTaken = () => undefined as void
    const running = Promise.all(
      reporters.map((reporter) =>
        reporter.run(
          () => isOver,
          () => {
            taken += 1
            onTaken()
          },
        ),
      ),
    )
    const more = (count: number) => {
      const target = taken + count
      return new Promise<void>((resolve) => {
        onTaken = () => taken >= target && resolve()
      })
    }
    for (let kill = 0; kill < kills; kill++) {
      // Long enough for windows to be closed beside reports.
      await Promise.race([Promise.all([more(100), passes(1500)]), running])
      await server.kill()
      await server[Symbol.asyncDispose]()
      ;({ server, origin } = await ServerProcess.serving(settings))
    }
    await Promise.race([more(20), running])
    isOver = true
    await running
    expect(await server.end()).toMatchObject({ code: 0 })
    const told = reporters.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
    expect(await countedRequests(database)).toBe(told)
  } finally {
    await server[Symbol.asyncDispose]()
  }
}

async function deployReported(client: GraphQLTestClient): Promise<string> {
  const input = { trainingJobId: await registerJob(client), source: { report: { intervalSeconds: 1 } } }
  const { deployment } = await succeed<{ deployment: { id: string } }>(
    client,
    'deployTrainingJob',
    input,
    'deployment { id }',
  )
  return deployment.id
}

type Send = (origin: string, deploymentId: string, reporter: string, report: number) => Promise<void>

const sendRequests: Send = async (origin, deploymentId, reporter, report) => {
  const requests = Array.from({ length: requestsIn(report) }, () => ({ at: new Date().toISOString(), latencyMs: 20 }))
  const document = `mutation ($input: ReportInferencesInput!) { reportInferences(input: $input) { __typename } }`
  const body = JSON.stringify({
    query: document,
    variables: { input: { deploymentId, reporter, sequence: report, requests } },
  })
  const answer = await post(`${origin}/graphql`, body)
  expect(answer).toMatchObject({ data: { reportInferences: { __typename: 'ReportInferencesSuccess' } } })
}

/** The same as a delta in OTLP, whose bytes are the same when it is sent again. */
function sendPoints(): Send {
  const bodies = new Map<number, string>()
  return async (origin, deployment, reporter, report) => {
    const resource = { 'service.instance.id': reporter }
    const point = { name: 'gen_ai.server.request.duration', deployment, resource, timeMs: Date.now() + report / 1000 }
    const body =
      bodies.get(report) ??
      JSON.stringify(histogram({ ...point, bounds: [1], counts: [requestsIn(report), 0], sum: 1 }))
    bodies.set(report, body)
    expect(await post(`${origin}/v1/metrics`, body)).toEqual({})
  }
}

async function post(url: string, body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` }
  const response = await fetch(url, { method: 'POST', headers, body })
  if (response.status === 503) throw new NotServing()
  expect(response.status).toBe(200)
  return await response.json()
}

async function countedRequests({ url, dataDir }: { url?: string; dataDir?: string }): Promise<number> {
  const stored = await openDatabase({ url, dataDir: dataDir ?? '' })
  try {
    const { rows } = await stored.pool.query<{ requests: number | null }>('select requests from samples')
    const { rows: waiting } = await stored.pool.query<{ points: string }>('select points from reports')
    const reported = waiting.flatMap(({ points }) => unpackReports(points))
    return [
      ...rows.map(({ requests }) => requests ?? 0),
      ...reported.map((one) => (one.kind === 'point' ? one.count : one.requests.length)),
    ].reduce((sum, requests) => sum + requests, 0)
  } finally {
    await stored.close()
  }
}

/** A kill comes when it comes. */
function passes(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
