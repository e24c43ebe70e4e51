import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PrismaClient } from './generated/client/client.ts'
import { DatabaseAdapter } from './adapter.ts'
import { createTestDatabase, testDatabaseKinds, urlOf } from './testing.ts'
import type { TestDatabase } from './testing.ts'
import { checkViolation, isForeignKeyViolation, isUnavailable, uniqueViolation } from './violations.ts'

const thrownBy = (work: PromiseLike<unknown>) =>
  work.then(
    () => {
      throw new Error('nothing was thrown')
    },
    (error: unknown) => error,
  )

describe.each(await testDatabaseKinds())('errors of %s', (kind) => {
  let database: TestDatabase
  let modelId: string
  let trainingJobId: string
  beforeAll(async () => {
    database = await createTestDatabase(kind)
    const model = await database.prisma.model.create({ data: { name: 'm' } })
    const job = await database.prisma.trainingJob.create({
      data: { modelId: model.id, name: 'j', status: 'COMPLETED', createdBy: 'me', finishedAt: new Date() },
    })
    modelId = model.id
    trainingJobId = job.id
    await deploy(0)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const deploy = (versionNumber: number) =>
    database.prisma.deployment.create({
      data: { modelId, trainingJobId, versionNumber, status: 'ACTIVE', createdBy: 'me' },
    })

  test('a unique violation gives the name of the constraint, of Prisma and of the pool', async () => {
    const { prisma, pool } = database
    expect(uniqueViolation(await thrownBy(prisma.model.create({ data: { name: 'm' } })))).toBe('models_name_key')
    expect(uniqueViolation(await thrownBy(deploy(1)))).toBe('deployments_one_active_per_training_job')
    const inTransaction = thrownBy(prisma.$transaction((tx) => tx.model.create({ data: { name: 'm' } })))
    expect(uniqueViolation(await inTransaction)).toBe('models_name_key')
    const raw = thrownBy(prisma.$executeRaw`INSERT INTO models (id, name) VALUES (gen_random_uuid(), 'm')`)
    expect(uniqueViolation(await raw)).toBe('models_name_key')
    const pooled = thrownBy(pool.query(`INSERT INTO models (id, name) VALUES (gen_random_uuid(), 'm')`))
    expect(uniqueViolation(await pooled)).toBe('models_name_key')
  })

  test('a delete held by other rows is a foreign key violation, and so is a row that points nowhere', async () => {
    const { prisma } = database
    const held = await thrownBy(prisma.trainingJob.delete({ where: { id: trainingJobId } }))
    expect([isForeignKeyViolation(held), uniqueViolation(held)]).toEqual([true, null])
    const nowhere = thrownBy(
      prisma.trainingJob.create({
        data: { modelId: '00000000-0000-7000-8000-000000000000', name: 'j', status: 'QUEUED', createdBy: 'me' },
      }),
    )
    expect(isForeignKeyViolation(await nowhere)).toBe(true)
  })

  test('a broken check gives its name, and is neither of the others', async () => {
    const broken = await thrownBy(database.prisma.model.create({ data: { name: 'no good' } }))
    expect(checkViolation(broken)).toBe('models_name_check')
    const others = [uniqueViolation(broken), isForeignKeyViolation(broken), isUnavailable(broken)]
    expect(others).toEqual([null, false, false])
  })

  test('a closed database is unavailable, a wrong statement is not', async () => {
    expect(isUnavailable(await thrownBy(database.pool.query('SELECT nonsense')))).toBe(false)
    expect(isUnavailable(await thrownBy(database.prisma.$queryRaw`SELECT nonsense`))).toBe(false)
    const other = await createTestDatabase(kind)
    await other[Symbol.asyncDispose]()
    expect(isUnavailable(await thrownBy(other.pool.query('SELECT 1')))).toBe(true)
    expect(isUnavailable(await thrownBy(other.prisma.model.count()))).toBe(true)
  })

  test.runIf(kind === 'postgres')('a statement cut off is unavailable, and so is a lost connection', async () => {
    const { pool, prisma } = database
    const cut = prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SET LOCAL statement_timeout = 20`
      await tx.$queryRaw`SELECT 1 AS one FROM pg_sleep(5)`
    })
    expect(isUnavailable(await thrownBy(cut))).toBe(true)
    const lost = prisma.$queryRaw`SELECT 1 AS one FROM pg_terminate_backend(pg_backend_pid())`
    expect(isUnavailable(await thrownBy(lost))).toBe(true)
    expect(isUnavailable(await thrownBy(pool.query('SELECT pg_terminate_backend(pg_backend_pid())')))).toBe(true)
    // The pool opens new connections by itself.
    expect(await prisma.model.count()).toBe(1)
  })

  test.runIf(kind === 'postgres')('a database that is gone is unavailable', async () => {
    const url = new URL(urlOf('postgres'))
    url.port = '1'
    const pool = new pg.Pool({ connectionString: url.href })
    const prisma = new PrismaClient({ adapter: new DatabaseAdapter(pool) })
    expect(isUnavailable(await thrownBy(prisma.model.count()))).toBe(true)
    expect(isUnavailable(await thrownBy(prisma.$transaction((tx) => tx.model.count())))).toBe(true)
    expect(isUnavailable(await thrownBy(pool.query('SELECT 1')))).toBe(true)
    await pool.end()
  })
})

test('a pool without a free connection counts as unavailable', async () => {
  const kinds = await testDatabaseKinds()
  await using database = await createTestDatabase(kinds[0] ?? 'embedded')
  const { host, port, user, database: name, connectionString } = database.pool.options
  const pool = new pg.Pool({ host, port, user, database: name, connectionString, max: 1 })
  const prisma = new PrismaClient({ adapter: new DatabaseAdapter(pool) })
  const held = await pool.connect()
  pool.options.connectionTimeoutMillis = 20
  expect(isUnavailable(await thrownBy(pool.query('SELECT 1')))).toBe(true)
  expect(isUnavailable(await thrownBy(prisma.model.count()))).toBe(true)
  held.release()
  await pool.end()
})

test.each([null, undefined, 'text', new Error('no'), { code: 'P2025' }])('%s is none of these errors', (error) => {
  expect([uniqueViolation(error), isForeignKeyViolation(error), checkViolation(error), isUnavailable(error)]).toEqual([
    null,
    false,
    null,
    false,
  ])
})
