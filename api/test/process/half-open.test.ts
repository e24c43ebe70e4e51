import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { change, register } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess } from './server-process.ts'

const WINDOW_MS = 250
/** Silent connections are given up after six seconds, transactions whose server has vanished after five. */
const WITHIN_MS = 20_000

const without = (await testDatabaseKinds()).includes('postgres') ? '' : ' (skipped: no PostgreSQL server)'

interface Serving {
  /** Straight to the database. */
  pool: TestDatabase['pool']
  proxy: TcpProxy
  server: ServerProcess
  api: GraphQLTestClient
  deploy: (name: string) => Promise<string>
}

/** Runs `work` with a server that reaches its database through a network that can fail. */
async function serving(work: (app: Serving) => Promise<void>): Promise<void> {
  await using database = await createTestDatabase('postgres')
  const url = new URL(database.url ?? '')
  await using proxy = await TcpProxy.to(url)
  url.host = `127.0.0.1:${proxy.port}`
  const settings = { DATABASE_URL: url.href, SEED: 'none', SAMPLE_INTERVAL_MS: String(WINDOW_MS) }
  const { server, origin } = await ServerProcess.serving(settings)
  await using _server = server
  const api = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const deploy = async (name: string) => change(api, 'deploy', await register(api, 'half/open', name), 'first')
  await work({ pool: database.pool, proxy, server, api, deploy })
}

it.skipIf(without !== '')(
  `recording goes on, and changes are accepted again, when connections are lost inside a pause${without}`,
  () =>
    serving(async ({ pool, proxy, api, deploy }) => {
      const [pausing, other] = [await deploy('pausing'), await deploy('other')]
      const windows = async (id: string) => {
        const { rows } = await pool.query<{ at: Date }>(
          `select window_start as at from samples s join deployments d on d.key = s.deployment_key where d.id = $1
          order by sequence`,
          [Buffer.from(id, 'base64').toString().replace('Deployment:', '')],
        )
        return rows.map(({ at }) => at.getTime())
      }
      await expect.poll(async () => (await windows(other)).length, { timeout: WITHIN_MS }).toBeGreaterThan(2)

      // The pause has locked its deployment and its head when its connection is lost; the server of PostgreSQL has not
      // noticed, and gives the pause what it waited for.
      const gate = await pool.connect()
      await gate.query('begin')
      await gate.query('select 1 from log_state for update')
      const pause = change(api, 'pause', pausing, 'lost').catch((error: unknown) => error)
      const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      await expect.poll(async () => (await pool.query(waiting)).rowCount).toBeGreaterThan(0)
      proxy.lose()
      const lostAt = Date.now()
      await gate.query('rollback')
      gate.release()

      expect(String(await pause)).toContain('UNAVAILABLE')
      const deployed = () => deploy(`another ${Date.now()}`).catch(() => null)
      await expect.poll(deployed, { timeout: WITHIN_MS }).not.toBeNull()
      expect(Date.now() - lostAt).toBeLessThan(WITHIN_MS)
      for (const id of [other, pausing]) {
        await expect
          .poll(async () => (await windows(id)).at(-1), { timeout: WITHIN_MS })
          .toBeGreaterThan(lostAt + 5_000)
        const starts = await windows(id)
        expect(starts).toEqual(starts.map((_start, n) => (starts[0] ?? 0) + n * WINDOW_MS))
      }
    }),
)

it.skipIf(without !== '')(
  `SIGTERM ends the server in order within ten seconds while PostgreSQL is silent${without}`,
  () =>
    serving(async ({ proxy, server, api, deploy }) => {
      await deploy('a job')
      proxy.hang()
      const calls = Array.from({ length: 12 }, (_, n) =>
        register(api, 'half/open', `never ${n}`).catch((error: unknown) => error),
      )
      const { code, ms } = await server.end()
      expect({ code, stdout: server.stdout }).toEqual({ code: 0, stdout: expect.not.stringContaining('"level":60') })
      expect(ms).toBeLessThan(10_000)
      await Promise.all(calls)
    }),
)
