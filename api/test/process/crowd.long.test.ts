import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFailed } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { SocketConnection } from './connections.ts'
import { Acts, createToken } from './crowd-acts.ts'
import { Misbehaving } from './crowd-misbehaving.ts'
import { openWellBehaved } from './crowd-well-behaved.ts'
import { change, register } from './documents.ts'
import { SAMPLES, Seen } from './seen.ts'
import { ADMIN_TOKEN, ServerProcess } from './server-process.ts'
import { liveGauges, LoadFigures } from './soak-figures.ts'
import { MAX_GROWTH, observe, passes, soakDatabase, storedWindows, until } from './soak-run.ts'
import { cutOff } from './subscribers.ts'

const DEPLOYMENTS = 20
const MISBEHAVING = 200
const WINDOW_MS = 1000
/** Two callers of equal scopes and one of others, whose subscriptions are groups of their own; and who misbehaves. */
const TOKENS = {
  wellBehaved: [['READ'], ['READ'], ['READ', 'DEPLOY']],
  misbehaving: [['READ'], ['READ', 'TRAIN']],
}

const minutes = Number(process.env['CROWD_MINUTES'] ?? 60)
const seed = process.env['CROWD_SEED'] ?? String(Date.now())
const databaseUrl = process.env['CROWD_DATABASE_URL']
const reportPath = process.env['CROWD_REPORT'] ?? join(tmpdir(), `gaugeline-crowd-${Date.now()}.json`)

it(`serves 2,000 subscribers, one in ten misbehaving, for ${minutes} minutes: CROWD_SEED=${seed}`, async () => {
  await using database = await soakDatabase(databaseUrl)
  const { server, origin } = await ServerProcess.serving(database.settings)
  await using _ = server
  onTestFailed(() => console.log(`The last words of the server:\n${server.stdout.slice(-4000)}\n${server.stderr}`))

  const models = `crowd-${randomUUID().slice(0, 8)}`
  const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const deploymentIds: string[] = []
  for (let n = 1; n <= DEPLOYMENTS; n += 1) {
    deploymentIds.push(await change(client, 'deploy', await register(client, `${models}/${n}`, `job ${n}`), 'crowd'))
  }
  const tokensOf = async (whose: keyof typeof TOKENS) =>
    await Promise.all(TOKENS[whose].map(async (scopes, n) => await createToken(client, `${whose} ${n}`, scopes)))
  const acts = await Acts.prepare(client, `apart-from-${models}`)
  // Each has its first sample then, so that every message of the fleet is whole.
  await passes(3 * WINDOW_MS)

  const search = `${models}/`
  const watched = { deploymentIds, search, jobId: acts.jobId }
  const subscribers = await openWellBehaved(origin, await tokensOf('wellBehaved'), WINDOW_MS, watched)
  const misbehaving = new Misbehaving({
    origin,
    deploymentIds,
    windowMs: WINDOW_MS,
    search,
    seed,
    clients: MISBEHAVING,
    tokens: await tokensOf('misbehaving'),
  })
  const { seen } = subscribers
  const all = [...seen, ...misbehaving.seen]
  const faults = () => [...seen.flatMap((one) => one.faults), ...misbehaving.faults]
  const gauges = async () => await liveGauges(origin, ADMIN_TOKEN)
  // Who follows events begins with the next one: nobody may miss the first.
  const members = async () => (await gauges())['shared_subscription_members']
  await until(async () => (await members()) === seen.length)
  expect(await members()).toBe(seen.length)
  acts.begin()
  misbehaving.begin()

  const load = new LoadFigures()
  const { seconds, figures, cpuPercent, memory } = await observe({
    server,
    origin,
    minutes,
    reportPath,
    report: () => ({
      databaseUrl,
      seed,
      faults: faults(),
      arrival: String(subscribers.lateness),
      load: String(load),
      misbehaving: misbehaving.outcome,
    }),
    moment: async () => ({ messages: total(all, 'count'), faults: faults().length, gauges: await gauges() }),
  })
  const arrival = String(subscribers.lateness)

  await misbehaving.behave()
  await until(() => all.every(({ count }) => count > 0))
  await acts.end()
  const eventFollowers = seen.filter(({ follows }) => follows === 'events')
  const end = {
    windows: Date.now(),
    events: Math.max(...eventFollowers.map(({ lastSequence }) => lastSequence)),
    steps: acts.steps,
  }
  const isAtEnd = (one: Seen) => one.position >= end[one.follows]
  await until(() => all.every(isAtEnd))
  const unfinished = all.filter((one) => !isAtEnd(one)).map(({ what, position }) => `${what} is at ${position}`)

  subscribers.close()
  misbehaving.close()
  const isEmpty = async () => Object.values(await gauges()).every((value) => value === 0)
  await until(isEmpty)
  const left = Object.entries(await gauges()).filter(([, value]) => value !== 0)
  const fresh = await freshClient(origin, deploymentIds[0] ?? '')
  const exit = await server.end()

  const { lateness, stored } = figures
  console.log(
    [
      `Crowd of ${minutes} min on ${database.name}, CROWD_SEED=${seed}: ${DEPLOYMENTS} deployments, ` +
        `${seen.length} subscribers who behave well and ${MISBEHAVING} clients who do not, ${stored} samples stored, ` +
        `${total(all, 'count')} messages received, ${total(seen, 'count')} of them by the well-behaved`,
      memory.line,
      `lateness of storing: p50 ≤ ${lateness.p50Ms} ms, p99 ≤ ${lateness.p99Ms} ms, max ≤ ${lateness.maxMs} ms`,
      `${arrival}, to the well-behaved`,
      `CPU: ${cpuPercent.toFixed(1)} % of a core; of these subscribers: ${String(load)}`,
      `fleet messages: ${total(seen, 'passedBy')} windows passed by for a newer one, ${total(seen, 'repeated')} given again`,
      ...Object.entries(misbehaving.outcome).map(([kind, counts]) => `${kind}: ${inWords(counts)}`),
      `all figures: ${reportPath}`,
    ].join('\n'),
  )
  expect(faults()).toEqual([])
  expect(unfinished).toEqual([])
  expect(cutOff(seen, seconds)).toEqual([])
  expect(eventFollowers.filter(({ count }) => count !== acts.events).map(({ what }) => what)).toEqual([])
  expect(left).toEqual([])
  expect(fresh.faults).toEqual([])
  expect(fresh.count).toBeGreaterThanOrEqual(3)
  expect(exit).toMatchObject({ code: 0 })
  expect(server.stderr).toBe('')
  expect(server.stdout.split('\n').filter((line) => /"level":[456]0/.test(line))).toEqual([])
  expect(await storedWindows(database, models, WINDOW_MS)).toEqual({ deployments: DEPLOYMENTS, incomplete: [] })
  if (memory.ratio !== undefined) expect(memory.ratio).toBeLessThanOrEqual(MAX_GROWTH)
})

/** What one who comes after all of that is given. */
async function freshClient(origin: string, id: string): Promise<Seen> {
  const one = new Seen('a fresh client', { query: SAMPLES, variables: { id }, windowMs: WINDOW_MS })
  const connection = await SocketConnection.open(origin, ADMIN_TOKEN)
  connection.subscribe(one)
  await until(() => one.count >= 3)
  connection.cut()
  return one
}

function total(seen: readonly Seen[], what: 'count' | 'passedBy' | 'repeated'): number {
  return seen.reduce((sum, each) => sum + each[what], 0)
}

function inWords(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ')
}
