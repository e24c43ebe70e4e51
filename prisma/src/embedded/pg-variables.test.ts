import { afterEach, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../testing.ts'

/** All that pg reads, as somebody may have set it for another database. */
const variables = {
  PGHOST: '127.0.0.1',
  PGPORT: '1',
  PGUSER: 'somebody',
  PGPASSWORD: 'secret',
  PGDATABASE: 'other',
  PGSSLMODE: 'require',
  PGSSLNEGOTIATION: 'direct',
  PGOPTIONS: '-c TimeZone=Asia/Tokyo',
  PGCLIENT_ENCODING: 'latin1',
  PGAPPNAME: 'other',
  PGCONNECT_TIMEOUT: '1',
  PGBINARY: 'true',
  PGREPLICATION: 'database',
}

afterEach(() => vi.unstubAllEnvs())

test('the embedded database opens whatever the variables of pg say', async () => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  await using database = await createTestDatabase('embedded')
  const createdAt = new Date('2026-07-01T12:00:00.000Z')
  await database.prisma.model.create({ data: { name: 'm', createdAt } })
  const { rows } = await database.pool.query('SELECT created_at AS at, 1.5::float8 AS number FROM models')
  expect(rows).toEqual([{ at: createdAt, number: 1.5 }])
})
