import { prepareTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GraphQLAnswer, GraphQLTestClient } from '../graphql-client.ts'
import { SocketConnection } from './connections.ts'
import { createToken } from './crowd-acts.ts'
import { change, register } from './documents.ts'
import { Neighbour, quantile } from './neighbour.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'
import { passes } from './soak-run.ts'

const WINDOW_MS = 1000
const DEPLOYMENTS = 20
/** Nobody else may wait longer than this. */
const PATIENCE_MS = 1000

describe.each(await testDatabaseKinds())('beside one caller who does all that the limits allow, on %s', (kind) => {
  let database: Awaited<ReturnType<typeof prepareTestDatabase>>
  let server: ServerProcess
  let origin: string
  let noisy: string
  let quiet: string
  const deploymentIds: string[] = []

  beforeAll(async () => {
    database = await prepareTestDatabase(kind)
    ;({ server, origin } = await ServerProcess.serving(settingsOf(database)))
    const admin = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
    for (let n = 1; n <= DEPLOYMENTS; n += 1) {
      deploymentIds.push(await change(admin, 'deploy', await register(admin, `team/${n}`, `job ${n}`), 'neighbours'))
    }
    noisy = await createToken(admin, 'noisy', ['READ', 'DEPLOY', 'TRAIN'])
    quiet = await createToken(admin, 'quiet', ['READ'])
    await passes(3 * WINDOW_MS)
  })

  afterAll(async () => {
    await server.end()
    await server[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  const neighbour = async () =>
    await Neighbour.begin({
      origin,
      token: quiet,
      deploymentId: deploymentIds[1] ?? '',
      windowMs: WINDOW_MS,
      pid: server.pid,
    })

  /** Samples come in time, answers too, and the server is ready all the while. */
  function expectUndisturbed({ lateness, latencies, readiness, refusals }: Neighbour): void {
    expect(refusals).toEqual([])
    expect(readiness.filter((status) => status !== 200)).toEqual([])
    expect(quantile(lateness.slice(1), 1)).toBeLessThan(PATIENCE_MS)
    expect(quantile(latencies, 0.99)).toBeLessThan(PATIENCE_MS)
  }

  it.each([300, 1500])('nobody notices %i pauses and resumes of one deployment at once', async (count) => {
    await using other = await neighbour()
    await passes(2 * WINDOW_MS)
    const client = GraphQLTestClient.withToken(origin, noisy)
    const toggle = (n: number) => {
      const field = n % 2 === 0 ? 'pauseDeployment' : 'resumeDeployment'
      return client.request(`mutation ($id: ID!) { ${field}(input: { deploymentId: $id }) { __typename } }`, {
        id: deploymentIds[0],
      })
    }
    const answers = await Promise.all(Array.from({ length: count }, (_, n) => toggle(n)))
    await passes(WINDOW_MS)
    await other.end()
    console.log(`${kind}: ${count} toggles (${outcomes(answers)}): ${String(other)}`)
    expectUndisturbed(other)
  })

  it('nobody notices 200 distinct documents at once', async () => {
    await using other = await neighbour()
    await passes(2 * WINDOW_MS)
    const client = GraphQLTestClient.withToken(origin, noisy)
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => client.request(fatDocument(n))))
    await passes(WINDOW_MS)
    await other.end()
    console.log(`${kind}: 200 documents (${outcomes(answers)}): ${String(other)}`)
    expectUndisturbed(other)
  })

  it('15,000 subscriptions of the fleet, each with another filter, take a modest share of a core', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 118 }, async () => await SocketConnection.open(origin, noisy)),
    )
    const faults: string[] = []
    let messages = 0
    let n = 0
    for (const { socket } of sockets) {
      socket.removeAllListeners('message')
      socket.on('message', (data: Buffer) => {
        if (data.includes('"errors"')) faults.push(data.toString())
        else messages += 1
      })
    }
    for (const connection of sockets) {
      for (let i = 0; i < 128 && n < 15_000; i += 1) {
        n += 1
        const query = 'subscription ($search: String) { fleetMetrics(filter: { search: $search }) { at } }'
        connection.send({ type: 'subscribe', id: String(n), payload: { query, variables: { search: `${n}` } } })
      }
      await passes(20)
    }
    await passes(5 * WINDOW_MS)
    messages = 0
    await using other = await neighbour()
    await passes(10 * WINDOW_MS)
    await other.end()
    console.log(`${kind}: 15,000 filters, ${faults.length} refused, ${messages} messages: ${String(other)}`)
    if (faults[0] !== undefined) console.log(faults[0])
    for (const connection of sockets) connection.cut()
    expectUndisturbed(other)
  })
})

/** How many of them were answered how. */
function outcomes(answers: readonly GraphQLAnswer[]): string {
  const counts = new Map<string, number>()
  for (const { errors } of answers) {
    const code = errors === undefined ? 'done' : JSON.stringify(errors[0]?.extensions?.['code'])
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  return [...counts].map(([code, count]) => `${code} ${count}`).join(', ')
}

/** Near the limits on documents, and unlike any other. */
function fatDocument(n: number): string {
  const fields = 'id status note createdAt createdBy statusChangedAt externalId version'
  const parts = Array.from(
    { length: 28 },
    (_, i) => `a${n}_${i}: deployments(first: 1) { nodes { ${fields} model { id name } } }`,
  )
  return `query q${n} { ${parts.join(' ')} }`
}
