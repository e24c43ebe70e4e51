import { existsSync, readdirSync } from 'node:fs'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { onServer, prepareTestDatabase, type TestDatabaseLocation, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { describe, expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { WsTestClient } from '../ws-client.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'

const LIMIT_MS = 10_000

const REGISTER = `mutation ($name: String!) {
  registerTrainingJob(input: { modelName: "ending/model", name: $name, status: COMPLETED }) {
    ... on RegisterTrainingJobSuccess { trainingJob { id } }
  }
}`
const DEPLOY = `mutation ($id: ID!) {
  deployTrainingJob(input: { trainingJobId: $id }) { ... on DeployTrainingJobSuccess { deployment { id } } }
}`
const FOLLOW = `subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { cursor } }`
const FLEET = 'subscription { fleetMetrics { reported } }'

interface Registered {
  registerTrainingJob: { trainingJob: { id: string } }
}

async function deploy(client: GraphQLTestClient): Promise<string> {
  const job = await client.data<Registered>(REGISTER, { name: 'deployed' })
  const { deployTrainingJob } = await client.data<{ deployTrainingJob: { deployment: { id: string } } }>(DEPLOY, {
    id: job.registerTrainingJob.trainingJob.id,
  })
  return deployTrainingJob.deployment.id
}

/** A mutation of which the server has seen the headers and nothing else. */
async function beginRequest(
  origin: string,
  name: string,
): Promise<{ finish: () => Promise<string>; cut: Promise<Error> }> {
  const body = JSON.stringify({ query: REGISTER, variables: { name } })
  const sent: ClientRequest = request(`${origin}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      expect: '100-continue',
    },
  })
  sent.flushHeaders()
  await new Promise((resolve, reject) => sent.once('continue', resolve).once('error', reject))
  return {
    cut: new Promise((resolve) => sent.once('error', resolve)),
    async finish() {
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        sent.once('response', resolve).once('error', reject)
      })
      sent.end(body)
      return await text(await answered)
    },
  }
}

/** Expects that nothing holds the database any more: neither a lock on its folder nor a connection. */
async function expectReleased({ dataDir, url }: TestDatabaseLocation): Promise<void> {
  if (dataDir !== undefined) {
    expect(readdirSync(dataDir).filter((name) => name !== 'postgres')).toEqual([])
    return
  }
  const name = new URL(url ?? '').pathname.slice(1)
  const query = 'select 1 from pg_stat_activity where datname = $1'
  // PostgreSQL takes a moment to see that a connection was closed.
  await expect.poll(async () => (await onServer((client) => client.query(query, [name]))).rowCount).toBe(0)
}

const kinds = await testDatabaseKinds()

describe.each(kinds)('stopping a server on %s', (kind) => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s lets requests finish and cuts every subscription, so that its client comes back',
    async (signal) => {
      await using database = await prepareTestDatabase(kind)
      const { server, origin } = await ServerProcess.serving({ ...settingsOf(database), SAMPLE_INTERVAL_MS: '50' })
      await using _ = server
      const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
      const deploymentId = await deploy(client)

      const socket = await WsTestClient.connect(origin, ADMIN_TOKEN)
      socket.subscribe(FOLLOW, { id: deploymentId })
      const streams = [await client.stream(FOLLOW, { id: deploymentId }), await client.stream(FLEET)]
      await Promise.all([socket.next(), ...streams.map((stream) => stream.next())])
      const begun = await beginRequest(origin, 'registered while the server ended')

      const ended = server.end(signal)
      expect(await socket.closed).toEqual({ code: 1012, reason: 'Service restart' })
      for (const stream of streams) {
        await stream.ended
        // Results only: after a `complete`, the client would not come back.
        while (stream.events.size > 0) await stream.next()
        await expect(stream.events.next()).rejects.toThrow('The stream was cut.')
      }
      // Asked to end, and still waiting for this one.
      const answer: { data: Registered } = JSON.parse(await begun.finish())
      expect(answer.data.registerTrainingJob.trainingJob.id).toBeTruthy()

      const { code, ms } = await ended
      expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' })
      expect(server.stdout).not.toMatch(/"level":[456]0/)
      expect(ms).toBeLessThan(LIMIT_MS)
      await expectReleased(database)

      const { server: next, origin: nextOrigin } = await ServerProcess.serving(settingsOf(database))
      await using _next = next
      const { node } = await GraphQLTestClient.withToken(nextOrigin, ADMIN_TOKEN).data(
        'query ($id: ID!) { node(id: $id) { ... on TrainingJob { name } } }',
        { id: answer.data.registerTrainingJob.trainingJob.id },
      )
      expect(node).toEqual({ name: 'registered while the server ended' })
    },
    120_000,
  )

  it('cuts a request that never ends, and still exits with code 0', async () => {
    await using database = await prepareTestDatabase(kind)
    const { server, origin } = await ServerProcess.serving(settingsOf(database))
    await using _ = server
    const { cut } = await beginRequest(origin, 'never sent whole')
    const { code, ms } = await server.end()
    expect(code).toBe(0)
    expect(await cut).toMatchObject({ code: 'ECONNRESET' })
    expect(ms).toBeLessThan(LIMIT_MS)
    await expectReleased(database)
  })

  it('during its start leaves nothing open and nothing locked', async () => {
    await using database = await prepareTestDatabase(kind)
    for (const line of [/^/, kind === 'embedded' ? /Opening the embedded database/ : /Connecting to PostgreSQL/]) {
      await using server = ServerProcess.start(settingsOf(database))
      // Before the first line it is still loading: there is nothing to close then, and the signal itself ends it.
      await server.printed(line)
      const { code, signal, ms } = await server.end()
      if (line.source === '^') expect([0, null]).toContain(code)
      else expect({ code, signal, stderr: server.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      expect(server.stdout).not.toContain('is ready')
      expect(ms).toBeLessThan(LIMIT_MS)
      await expectReleased(database)
    }
    const { server } = await ServerProcess.serving(settingsOf(database))
    await using _ = server
    expect(await server.end()).toMatchObject({ code: 0 })
  })
})

it('a first start that is interrupted is completed by the next start', async () => {
  await using database = await prepareTestDatabase('embedded')
  const settings = { DATA_DIR: `${database.dataDir}-first` }
  await using server = ServerProcess.start(settings)
  await server.printed(/Opening the embedded database/)
  expect(await server.end('SIGINT')).toMatchObject({ code: 0 })
  expect(existsSync(`${settings.DATA_DIR}/gaugeline.lock`)).toBe(false)
  const { server: next, origin } = await ServerProcess.serving(settings)
  await using _ = next
  const { models } = await GraphQLTestClient.withToken(origin, ADMIN_TOKEN).data<{ models: { edges: unknown[] } }>(
    '{ models(first: 100) { edges { node { name } } } }',
  )
  expect(models.edges.length).toBeGreaterThanOrEqual(6)
})
