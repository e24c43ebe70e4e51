import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Prisma } from './generated/client/client.ts'
import { createTestDatabase, type TestDatabase, testDatabaseKinds } from './testing.ts'
import { isUnavailable } from './violations.ts'

describe.each(await testDatabaseKinds())('a transaction on %s', (kind) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const names = async () => (await database.prisma.model.findMany({ orderBy: { name: 'asc' } })).map(({ name }) => name)
  const insert = (name: string) =>
    database.inTransaction((tx) => tx.$executeRaw`insert into models (id, name) values (gen_random_uuid(), ${name})`)

  it('is committed as a whole, or not at all, and gives its connection back', async () => {
    expect(await insert('kept')).toBe(1)
    for (let n = 0; n < 20; n += 1) {
      const work = database.inTransaction(async (tx) => {
        await tx.$executeRaw`insert into models (id, name) values (gen_random_uuid(), ${`undone-${n}`})`
        throw new Error('changed my mind')
      })
      await expect(work).rejects.toThrow('changed my mind')
    }
    await expect(insert('kept')).rejects.toMatchObject({ constraint: 'models_name_key' })
    expect(await names()).toEqual(['kept'])
  })

  it('begins with its first statement, and is nothing without one', async () => {
    const sent: unknown[] = []
    const asked = async (work: Parameters<typeof database.inTransaction>[0]) => {
      const query = vi.spyOn(pg.Client.prototype, 'query')
      try {
        sent.splice(0)
        await database.inTransaction(work)
      } finally {
        sent.push(...query.mock.calls.map(([statement]) => (typeof statement === 'string' ? statement : 'a statement')))
        query.mockRestore()
      }
      return sent
    }
    const two = asked(async (tx) => {
      await tx.$queryRaw`select ${1}::int as one`
      expect(await tx.$executeRaw`insert into models (id, name) values (gen_random_uuid(), 'begun')`).toBe(1)
    })
    expect(await two).toEqual(['a statement', 'a statement', 'commit'])
    expect(await asked(() => Promise.resolve())).toEqual([])
  })

  it('gives values as the connections of the pool do, and null', async () => {
    const select = `select true as b, 2::int8 as i, 1.5::float8 as f, 'a'::text as t, null::int as n, '{"a":[1]}'::jsonb as j,
      array['x','y z'] as l, timestamptz '2026-11-30 20:32:16.123+02' as at, '\\x0102'::bytea as bytes,
      'ACTIVE'::"DeploymentStatus" as e, uuid '00000000-0000-7000-8000-000000000001' as id`
    const { rows } = await database.pool.query(select)
    for (let n = 0; n < 2; n += 1) {
      expect(await database.inTransaction((tx) => tx.$queryRaw(Prisma.raw(select)))).toEqual(rows)
    }
  })

  it('is run again where a pooler has lost its prepared statements, and no more are prepared', async () => {
    const run = () => database.inTransaction((tx) => tx.$queryRaw<{ one: number }[]>`select ${1}::int as one`)
    const prepared = async () => {
      const { rows } = await database.pool.query(`select 1 from pg_prepared_statements where statement like '%as one'`)
      return rows.length
    }
    expect(await run()).toEqual([{ one: 1 }])
    expect(await prepared()).toBe(kind === 'postgres' ? 1 : 0)
    if (kind === 'postgres') await database.pool.query('deallocate all')
    expect(await run()).toEqual([{ one: 1 }])
    expect(await run()).toEqual([{ one: 1 }])
    expect(await prepared()).toBe(0)
  })

  it('ends with an error that says so when its connection is lost', async () => {
    if (kind === 'embedded') return
    const lost = database.inTransaction(async (tx) => {
      const [{ pid }] = await tx.$queryRaw<[{ pid: number }]>`select pg_backend_pid() as pid`
      await database.prisma.$executeRaw`select pg_terminate_backend(${pid}::int)`
      await tx.$queryRaw`select 1`
    })
    expect(isUnavailable(await lost.catch((error: unknown) => error))).toBe(true)
    expect(await insert('after-it')).toBe(1)
  })
})
