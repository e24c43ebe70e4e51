import { join } from 'node:path'
import { expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { liveClient } from '../live-clients.ts'
import { change, register, sequenceOf } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess } from './server-process.ts'
import { noSmallDisk, SmallDisk } from './small-disk.ts'

const FOLLOW = 'subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { cursor skipped } }'
const REGISTER = `mutation ($name: String!) {
  registerTrainingJob(input: { modelName: "full/model", name: $name, status: COMPLETED }) { __typename }
}`
const NAMES = `query ($after: String) { trainingJobs(first: 100, after: $after) {
  edges { node { name } } pageInfo { hasNextPage endCursor }
} }`

interface Page {
  trainingJobs: { edges: { node: { name: string } }[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
}

const reason = noSmallDisk()
const skipped = reason === null ? '' : ` (skipped: ${reason})`

function settingsOn(disk: SmallDisk): Record<string, string> {
  return { DATA_DIR: join(disk.folder, 'data'), SEED: 'none', SAMPLE_INTERVAL_MS: '100' }
}

async function readiness(origin: string): Promise<[number, unknown]> {
  const response = await fetch(`${origin}/readyz`)
  return [response.status, await response.json()]
}

async function names(api: GraphQLTestClient, after: string | null = null): Promise<string[]> {
  const { edges, pageInfo } = (await api.data<Page>(NAMES, { after })).trainingJobs
  const page = edges.map(({ node }) => node.name)
  return pageInfo.hasNextPage ? [...page, ...(await names(api, pageInfo.endCursor))] : page
}

/** Registers jobs, one after another, until the server refuses one; gives the names of those that it has promised. */
async function registerUntilRefused(api: GraphQLTestClient): Promise<string[]> {
  const promised: string[] = []
  for (;;) {
    const name = `job ${promised.length + 1}`
    const { errors } = await api.request(REGISTER, { name })
    if (errors === undefined) promised.push(name)
    else {
      expect(errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }])
      return promised
    }
  }
}

it.skipIf(reason !== null)(
  `a server refuses writes while the disk is full, still answers reads, and records again once there is room${skipped}`,
  async () => {
    using disk = new SmallDisk(160)
    const { server, origin } = await ServerProcess.serving(settingsOn(disk))
    await using _server = server
    const api = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
    const id = await change(api, 'deploy', await register(api, 'full/model', 'deployed'), 'before')
    await using subscriber = liveClient('websocket', origin, ADMIN_TOKEN)
    const log = subscriber.subscribe<{ inferenceMetrics: { cursor: string; skipped: number } }>(FOLLOW, { id })
    const before = await log.take(5)

    disk.fill(0)
    const promised = await registerUntilRefused(api)
    expect(await names(api)).toEqual(expect.arrayContaining(['deployed', ...promised]))
    expect(await readiness(origin)).toEqual([503, { status: 'unready', checks: { database: 'ok', disk: 'down' } }])
    expect(server.stdout).toMatch(/The disk has only \d+ MB left: writes are refused until there is more room\./)

    disk.makeRoom()
    const written = async () => (await api.request(REGISTER, { name: 'after' })).errors
    await expect.poll(written).toBeUndefined()
    const ready = [200, { status: 'ready', checks: { database: 'ok', disk: 'ok' } }]
    await expect.poll(() => readiness(origin)).toEqual(ready)
    const updates = [...before, ...(await log.take(30))]
    const [first] = updates
    const sequences = updates.map(({ inferenceMetrics }) => sequenceOf(inferenceMetrics.cursor))
    expect(sequences).toEqual(updates.map((_update, n) => sequenceOf(first?.inferenceMetrics.cursor ?? '') + n))
    expect(updates.filter(({ inferenceMetrics }) => inferenceMetrics.skipped !== 0)).toEqual([])
    expect(await server.end()).toMatchObject({ code: 0 })
  },
  120_000,
)

it.skipIf(reason !== null)(
  `a server does not start on a full disk, and still has what it acknowledged when it starts again${skipped}`,
  async () => {
    using disk = new SmallDisk(160)
    const settings = settingsOn(disk)
    const { server, origin } = await ServerProcess.serving(settings)
    await using _server = server
    disk.fill(0)
    const promised = await registerUntilRefused(GraphQLTestClient.withToken(origin, ADMIN_TOKEN))
    await server.kill()

    disk.makeRoom()
    disk.fill(20)
    await using refused = ServerProcess.start(settings)
    expect(await refused.exited).toEqual({ code: 1, signal: null })
    expect(refused.stderr).toBe(
      `The disk of the data folder ${settings['DATA_DIR']} has only 20 MB left: ` +
        'make room for 64 MB, or set DATA_DIR to another disk.\n',
    )

    disk.makeRoom()
    const { server: next, origin: nextOrigin } = await ServerProcess.serving(settings)
    await using _next = next
    expect((await names(GraphQLTestClient.withToken(nextOrigin, ADMIN_TOKEN))).sort()).toEqual(promised.sort())
  },
  120_000,
)
