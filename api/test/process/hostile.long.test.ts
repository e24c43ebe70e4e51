import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFailed } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { Acts, createToken } from './crowd-acts.ts'
import { openWellBehaved } from './crowd-well-behaved.ts'
import { change, register } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess } from './server-process.ts'
import { liveGauges } from './soak-figures.ts'
import { MAX_GROWTH, observe, passes, soakDatabase, storedWindows, until } from './soak-run.ts'
import { cutOff } from './subscribers.ts'

const PROGRAM = fileURLToPath(new URL('./hostile/program.mjs', import.meta.url))
const DEPLOYMENTS = 20
/** Of the well-behaved of the crowd: 500 subscribers. */
const SHARE = 500 / 1800
const WINDOW_MS = 1000
const PAUSE_MS = 10_000
const MAX_LATE_MS = 2000
/** Who does harm has a token for each kind of it: limits are per caller. */
const TOKENS = {
  fat: ['READ'],
  ids: ['READ'],
  documents: ['READ'],
  answers: ['READ'],
  fleet: ['READ'],
  train: ['READ', 'TRAIN'],
  toggles: ['READ', 'DEPLOY'],
}
const LARGE_JOBS = 100
const REGISTER_LARGE = `mutation ($input: RegisterTrainingJobInput!) {
  registerTrainingJob(input: $input) { __typename }
}`

const minutes = Number(process.env['HOSTILE_MINUTES'] ?? 60)
const databaseUrl = process.env['HOSTILE_DATABASE_URL']
const reportPath = process.env['HOSTILE_REPORT'] ?? join(tmpdir(), `gaugeline-hostile-${Date.now()}.json`)

it(`serves 500 subscribers beside everybody who does harm, for ${minutes} minutes`, async () => {
  await using database = await soakDatabase(databaseUrl)
  const settings = { ...database.settings, TRUSTED_PROXIES: '127.0.0.1' }
  const { server, origin } = await ServerProcess.serving(settings)
  await using _ = server
  onTestFailed(() => console.log(`The last words of the server:\n${server.stdout.slice(-4000)}\n${server.stderr}`))

  const models = `hostile-${randomUUID().slice(0, 8)}`
  const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const deploymentIds: string[] = []
  for (let n = 1; n <= DEPLOYMENTS; n += 1) {
    deploymentIds.push(await change(client, 'deploy', await register(client, `${models}/${n}`, `job ${n}`), 'hostile'))
  }
  const hyperparameters = { text: 'h'.repeat(16_000) }
  for (let n = 0; n < LARGE_JOBS; n += 1) {
    const input = { modelName: `large-${models}`, name: `large ${n}`, status: 'COMPLETED', hyperparameters }
    await client.data(REGISTER_LARGE, { input })
  }
  const tokens: Record<string, string> = {}
  for (const [name, scopes] of Object.entries(TOKENS)) tokens[name] = await createToken(client, name, scopes)
  const wellBehaved = await createToken(client, 'well-behaved', ['READ'])
  const toggled = await register(client, `toggled-${models}`, 'toggled')
  const plan = {
    origin,
    tokens,
    deploymentIds,
    jobId: await register(client, `training-${models}`, 'training', 'RUNNING'),
    toggledId: await change(client, 'deploy', toggled, 'hostile'),
    pauseMs: PAUSE_MS,
  }
  const acts = await Acts.prepare(client, `apart-from-${models}`)
  // Each has its first sample then, so that every message of the fleet is whole.
  await passes(3 * WINDOW_MS)
  const watched = { deploymentIds, search: `${models}/`, jobId: acts.jobId }
  const subscribers = await openWellBehaved(origin, [wellBehaved], WINDOW_MS, watched, SHARE)
  const { seen } = subscribers
  const members = async () => (await liveGauges(origin, ADMIN_TOKEN))['shared_subscription_members']
  await until(async () => (await members()) === seen.length)
  acts.begin()
  await using hostile = startHostile(plan)

  const faults = () => seen.flatMap((one) => one.faults)
  const { seconds, figures, cpuPercent, memory } = await observe({
    server,
    origin,
    minutes,
    reportPath,
    report: () => ({ databaseUrl, faults: faults(), arrival: String(subscribers.lateness) }),
    moment: async () => ({ gauges: await liveGauges(origin, ADMIN_TOKEN) }),
  })
  const arrival = String(subscribers.lateness)
  const latestMs = subscribers.lateness.quantileMs(1)
  const outcomes = await hostile.end()
  await acts.end()
  const endMs = Date.now()
  await until(() => seen.every(({ follows, position }) => follows !== 'windows' || position >= endMs))

  subscribers.close()
  await until(async () => Object.values(await liveGauges(origin, ADMIN_TOKEN)).every((value) => value === 0))
  const left = Object.entries(await liveGauges(origin, ADMIN_TOKEN)).filter(([, value]) => value !== 0)
  const exit = await server.end()
  console.log(
    [
      `${minutes} min on ${database.name}: ${seen.length} subscribers, ${figures.stored} samples stored, ` +
        `${seen.reduce((sum, { count }) => sum + count, 0)} messages received`,
      memory.line,
      `lateness of storing: p99 ≤ ${figures.lateness.p99Ms} ms, max ≤ ${figures.lateness.maxMs} ms`,
      arrival,
      `CPU: ${cpuPercent.toFixed(1)} % of a core`,
      ...Object.entries(outcomes).map(([kind, counts]) => `${kind}: ${JSON.stringify(counts)}`),
      `all figures: ${reportPath}`,
    ].join('\n'),
  )
  expect(faults()).toEqual([])
  expect(cutOff(seen, seconds)).toEqual([])
  expect(latestMs).toBeLessThanOrEqual(MAX_LATE_MS)
  expect(Object.entries(outcomes).filter(([, { rounds = 0 }]) => rounds === 0)).toEqual([])
  expect(left).toEqual([])
  expect(exit).toMatchObject({ code: 0 })
  expect(server.stderr).toBe('')
  expect(await storedWindows(database, models, WINDOW_MS)).toEqual({ deployments: DEPLOYMENTS, incomplete: [] })
  if (memory.ratio !== undefined) expect(memory.ratio).toBeLessThanOrEqual(MAX_GROWTH)
})

/** Plays them until it is told to end; resolves then with how often each was answered what. */
function startHostile(plan: object) {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { PATH: process.env['PATH'], HOSTILE_PLAN: JSON.stringify(plan) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    async end(): Promise<Record<string, Record<string, number>>> {
      child.kill('SIGTERM')
      await exited
      return JSON.parse(printed) as Record<string, Record<string, number>>
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
