import { createTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { ServerProcess, settingsOf } from './server-process.ts'

const without = (await testDatabaseKinds()).includes('postgres') ? '' : ' (skipped: no PostgreSQL server)'

it.skipIf(without !== '')(`a server ends when another one has taken over its database${without}`, async () => {
  await using database = await createTestDatabase('postgres')
  const { server } = await ServerProcess.serving(settingsOf(database))
  await using _server = server
  await database.pool.query(
    `update server_lease set holder = 'another', host = 'elsewhere', pid = 7, expires_at = now() + interval '9 s'`,
  )
  expect(await server.exited).toEqual({ code: 1, signal: null })
  expect(server.stdout.match(/^.*"level":60.*$/gm)).toEqual([
    expect.stringContaining('Another Gaugeline server (process 7 on elsewhere) has taken over this database.'),
  ])
})

it.skipIf(without !== '')(
  `a start that waits for another server ends in order when it is told to${without}`,
  async () => {
    await using database = await createTestDatabase('postgres')
    const renew = () =>
      database.pool.query(
        `insert into server_lease values (1, 'another', 'elsewhere', 7, null, now() + interval '9 s')
         on conflict (id) do update set expires_at = excluded.expires_at`,
      )
    await renew()
    // The other one lives, however long this start takes a busy machine.
    const renewing = setInterval(() => void renew(), 1_000)
    await using server = ServerProcess.start(settingsOf(database))
    await server.printed(/Waiting for another server/)
    clearInterval(renewing)
    const { code, ms } = await server.end()
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' })
    expect(ms).toBeLessThan(5_000)
  },
)
