import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { change, register } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess } from './server-process.ts'
import { MAX_GROWTH, observe, passes, soakDatabase, storedWindows } from './soak-run.ts'
import { openSubscribers } from './soak-subscribers.ts'
import { cutOff } from './subscribers.ts'

const DEPLOYMENTS = 50
const SUBSCRIBERS = { sockets: 25, perSocket: 4, streams: 10, fleet: 5 }
const WINDOW_MS = 1000

const minutes = Number(process.env['SOAK_MINUTES'] ?? 60)
const databaseUrl = process.env['SOAK_DATABASE_URL']
const reportPath = process.env['SOAK_REPORT'] ?? join(tmpdir(), `gaugeline-soak-${Date.now()}.json`)

it(`a server keeps its memory bounded, its windows complete and its subscribers served' streams for ${minutes} minutes`, async () => {
  await using database = await soakDatabase(databaseUrl)
  const { server, origin } = await ServerProcess.serving(database.settings)
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

  const report = () => ({ databaseUrl })
  const { seconds, figures, cpuPercent, memory } = await observe({ server, origin, minutes, reportPath, report })
  subscribers.close()
  expect(await server.end()).toMatchObject({ code: 0 })
  expect(server.stderr).toBe('')
  expect(server.stdout).not.toMatch(/"level":[456]0/)

  const { seen, lateness: arrival } = subscribers
  const { lateness, stored } = figures
  const total = (what: 'count' | 'passedBy' | 'repeated') => seen.reduce((sum, each) => sum + each[what], 0)
  console.log(
    [
      `Soak of ${minutes} min on ${database.name}: ${DEPLOYMENTS} deployments, ${seen.length} subscribers, ` +
        `${stored} samples stored, ${total('count')} messages received`,
      memory.line,
      `lateness of storing: p50 ≤ ${lateness.p50Ms} ms, p99 ≤ ${lateness.p99Ms} ms, max ≤ ${lateness.maxMs} ms`,
      String(arrival),
      `CPU: ${cpuPercent.toFixed(1)} % of a core`,
      `fleet messages: ${total('passedBy')} windows passed by for a newer one, ${total('repeated')} given again`,
      `all figures: ${reportPath}`,
    ].join('\n'),
  )

  expect(seen.flatMap(({ faults }) => faults)).toEqual([])
  expect(cutOff(seen, seconds)).toEqual([])
  expect(await storedWindows(database, models, WINDOW_MS)).toEqual({ deployments: DEPLOYMENTS, incomplete: [] })
  if (memory.ratio !== undefined) expect(memory.ratio).toBeLessThanOrEqual(MAX_GROWTH)
})
