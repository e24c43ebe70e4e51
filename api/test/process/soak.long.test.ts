import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@gaugeline/prisma'
import { createTestDatabase } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { change, register } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'
import { median, rssMb, serverFigures } from './soak-figures.ts'
import { openSubscribers, type Seen } from './soak-subscribers.ts'

const DEPLOYMENTS = 50
const SUBSCRIBERS = { sockets: 25, perSocket: 4, streams: 10, fleet: 5 }
const WINDOW_MS = 1000
const SAMPLE_EVERY_MS = 10_000
/** A median of ten minutes late in the run may be this much above that of minutes 10 to 20. */
const MAX_GROWTH = 1.05
/** Shorter than this, both would cover the same minutes. */
const MIN_COMPARED_MINUTES = 30

const minutes = Number(process.env['SOAK_MINUTES'] ?? 60)
const databaseUrl = process.env['SOAK_DATABASE_URL']
const reportPath = process.env['SOAK_REPORT'] ?? join(tmpdir(), `gaugeline-soak-${Date.now()}.json`)

interface Moment {
  minute: number
  rssMb: number
  heapMb: number
  externalMb: number
  cpuSeconds: number
}

/** Each row is a deployment of the soak whose windows are not stored one a second, from its first to its last. */
const INCOMPLETE = `
  select m.name, h.sequence, count(s.*) as samples, min(s.window_start) as first, max(s.window_start) as last
  from models m join deployments d on d.model_id = m.id join sample_heads h on h.deployment_key = d.key
  left join samples s on s.deployment_key = d.key
  where m.name like $1
  group by m.name, h.sequence
  having count(s.*) <> h.sequence or min(s.sequence) is distinct from 1 or max(s.sequence) is distinct from h.sequence
    or extract(epoch from max(s.window_start) - min(s.window_start)) * 1000 / $2 + 1 is distinct from count(s.*)`

it(`holds its memory, its windows and its subscribers' streams for ${minutes} minutes`, async () => {
  await using database = databaseUrl === undefined ? await createTestDatabase('embedded') : null
  await database?.close()
  const settings = database === null ? { DATABASE_URL: databaseUrl ?? '', SEED: 'none' } : settingsOf(database)
  const { server, origin } = await ServerProcess.serving(settings)
  await using _ = server

  const models = `soak-${randomUUID().slice(0, 8)}`
  const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const ids: string[] = []
  for (let n = 1; n <= DEPLOYMENTS; n += 1) {
    const jobId = await register(client, `${models}/${n}`, `job ${n}`)
    ids.push(await change(client, 'deploy', jobId, 'soak'))
  }
  // Each has its first sample then, so that every message of the fleet is whole.
  await passes(3 * WINDOW_MS)
  const subscribers = await openSubscribers(origin, ids, WINDOW_MS, SUBSCRIBERS)

  const startedAt = performance.now()
  const startCpuSeconds = (await serverFigures(origin, ADMIN_TOKEN)).cpuSeconds
  const moments: Moment[] = []
  const report = () => writeFileSync(reportPath, JSON.stringify({ minutes, origin, databaseUrl, moments }, null, 1))
  while (performance.now() - startedAt < minutes * 60_000) {
    await passes(SAMPLE_EVERY_MS)
    const { heapMb, externalMb, cpuSeconds } = await serverFigures(origin, ADMIN_TOKEN)
    const minute = (performance.now() - startedAt) / 60_000
    moments.push({ minute, rssMb: rssMb(server.pid), heapMb, externalMb, cpuSeconds })
    report()
  }
  const seconds = (performance.now() - startedAt) / 1000
  const { lateness, stored, cpuSeconds } = await serverFigures(origin, ADMIN_TOKEN)
  subscribers.close()
  expect(await server.end()).toMatchObject({ code: 0 })
  expect(server.stderr).toBe('')
  expect(server.stdout).not.toMatch(/"level":[456]0/)

  const { seen, lateness: arrival } = subscribers
  const early = median(moments.filter(({ minute }) => minute >= 10 && minute < 20).map((moment) => moment.rssMb))
  const late = median(moments.filter(({ minute }) => minute > minutes - 10).map((moment) => moment.rssMb))
  const total = (what: 'count' | 'passedBy' | 'repeated') => seen.reduce((sum, each) => sum + each[what], 0)
  const isCompared = minutes >= MIN_COMPARED_MINUTES
  console.log(
    [
      `Soak of ${minutes} min on ${databaseUrl === undefined ? 'the embedded database' : 'PostgreSQL'}: ` +
        `${DEPLOYMENTS} deployments, ${seen.length} subscribers, ${stored} samples stored, ` +
        `${total('count')} messages received`,
      `memory: median ${late.toFixed(0)} MB in the last ten minutes, ` +
        (isCompared
          ? `${early.toFixed(0)} MB in minutes 10 to 20: × ${(late / early).toFixed(3)}`
          : `not compared: shorter than ${MIN_COMPARED_MINUTES} minutes`),
      `lateness of storing: p50 ≤ ${lateness.p50Ms} ms, p99 ≤ ${lateness.p99Ms} ms, max ≤ ${lateness.maxMs} ms`,
      `lateness of arrival: p50 ${arrival.quantileMs(0.5)} ms, p99 ${arrival.quantileMs(0.99)} ms, ` +
        `max ${arrival.quantileMs(1)} ms`,
      `CPU: ${(((cpuSeconds - startCpuSeconds) / seconds) * 100).toFixed(1)} % of a core`,
      `fleet messages: ${total('passedBy')} windows passed by for a newer one, ${total('repeated')} given again`,
      `all figures: ${reportPath}`,
    ].join('\n'),
  )

  expect(seen.flatMap(({ faults }) => faults)).toEqual([])
  // All of them to the end: the first and the last windows may be cut off.
  const isCutOff = ({ count, passedBy }: Seen) => count + passedBy < seconds - 10
  expect(seen.filter(isCutOff).map(({ what, count }) => `${what}: ${count}`)).toEqual([])
  const truth = await openDatabase({ url: databaseUrl, dataDir: database?.dataDir ?? '' })
  try {
    expect(await storedWindows(truth, models)).toEqual({ deployments: DEPLOYMENTS, incomplete: [] })
  } finally {
    await truth.close()
  }
  if (isCompared) expect(late / early).toBeLessThanOrEqual(MAX_GROWTH)
})

async function storedWindows({ pool }: Database, models: string) {
  const pattern = `${models}/%`
  const { rows } = await pool.query<{ count: number }>('select count(*) from models where name like $1', [pattern])
  const incomplete = await pool.query(INCOMPLETE, [pattern, WINDOW_MS])
  return { deployments: rows[0]?.count, incomplete: incomplete.rows as unknown[] }
}

function passes(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
