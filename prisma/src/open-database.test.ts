import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openEpoch } from './log-epoch.ts'
import { openDatabase } from './open-database.ts'
import { createTestDatabase, onServer, testDatabaseKinds, urlOf } from './testing.ts'
import type { TestDatabase } from './testing.ts'
import { isUnavailable } from './violations.ts'

const kinds = await testDatabaseKinds()

/** The socket under a client, to break it; pg ends sessions politely. */
function streamOf(client: pg.Client): Socket {
  client.on('error', () => undefined)
  const connection: unknown = Reflect.get(client, 'connection')
  return Reflect.get(connection as object, 'stream') as Socket
}

describe.each(kinds)('an open database on %s', (kind) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  test('twenty interactive transactions at once all succeed', async () => {
    const { prisma } = database
    const model = await prisma.model.create({ data: { name: 'counted' } })
    await Promise.all(
      Array.from({ length: 20 }, () =>
        prisma.$transaction(async (tx) => {
          await tx.model.update({ where: { id: model.id }, data: { deploymentCount: { increment: 1 } } })
          const { deploymentCount } = await tx.model.findUniqueOrThrow({ where: { id: model.id } })
          await tx.model.create({ data: { name: `counted/${deploymentCount}` } })
        }),
      ),
    )
    expect(await prisma.model.findUniqueOrThrow({ where: { id: model.id } })).toMatchObject({ deploymentCount: 20 })
    expect(await prisma.model.count({ where: { name: { startsWith: 'counted/' } } })).toBe(20)
  })

  test('a transaction that throws leaves nothing and frees its connection', async () => {
    const attempts = Array.from({ length: 20 }, () =>
      database.prisma.$transaction(async (tx) => {
        await tx.model.create({ data: { name: 'never' } })
        throw new Error('changed my mind')
      }),
    )
    for (const outcome of await Promise.allSettled(attempts)) expect(outcome.status).toBe('rejected')
    expect(await database.prisma.model.count({ where: { name: 'never' } })).toBe(0)
  })

  // Statements of several messages, some larger than a socket hands over at once, beside open transactions.
  test('statements of different connections never mix', async () => {
    const { pool } = database
    const answers = Array.from({ length: 120 }, async (_, index) => {
      if (index % 6 === 0) {
        const client = await pool.connect()
        await client.query('BEGIN')
        await client.query('SELECT $1::int', [index])
        await new Promise((resolve) => setImmediate(resolve))
        await client.query('COMMIT')
        client.release()
        return index
      }
      const padding = 'x'.repeat(index % 5 === 0 ? 300_000 : 1)
      const { rows } = await pool.query<{ answer: number; size: number }>(
        `SELECT $1::int + ${index} AS answer, length($2::text) AS size`,
        [0, padding],
      )
      expect(rows[0]?.size).toBe(padding.length)
      return rows[0]?.answer
    })
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 120 }, (_, index) => index))
  })

  test('raw statements give bigint as number, instants as Date and double precision exactly', async () => {
    const instant = new Date('2026-03-29T01:30:00.123Z')
    const { rows } = await database.pool.query(
      `SELECT 9007199254740991::int8 AS big, 0.1::float8 + 0.2::float8 AS sum, 5e-324::float8 AS tiny,
         $1::timestamptz AS at`,
      [instant],
    )
    expect(rows).toEqual([{ big: Number.MAX_SAFE_INTEGER, sum: 0.1 + 0.2, tiny: 5e-324, at: instant }])
  })

  test('Prisma reads what it wrote, bytes, bigint and doubles included', async () => {
    const sample = {
      deploymentKey: 1,
      sequence: 2n ** 60n,
      windowStart: new Date('2026-10-25T00:59:59.999Z'),
      windowMs: 1000,
      requests: 3,
      errors: 1,
      latencySumMs: 0.1 + 0.2,
      latencyMaxMs: 1 / 3,
      latency: new Uint8Array([0, 255, 10]),
      promptTokens: 2n ** 40n,
      generatedTokens: null,
      inFlight: 0,
      source: 'SIMULATED' as const,
    }
    await database.pool.query('CREATE TABLE samples_any PARTITION OF samples DEFAULT')
    await database.prisma.sample.create({ data: sample })
    expect(await database.prisma.sample.findFirst()).toMatchObject(sample)
  })

  test('a restart keeps the epoch, and the database is no longer new', async () => {
    await using fresh = await createTestDatabase(kind)
    const where = { url: fresh.url, dataDir: fresh.dataDir ?? '' }
    await fresh.close()
    for (let start = 1; start <= 2; start += 1) {
      const again = await openDatabase(where)
      expect([again.epoch, again.isNew]).toEqual([fresh.epoch, false])
      await again.close()
    }
  })
})

describe('the embedded database', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gaugeline-open-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('a first start that was interrupted begins again; a folder with anything else in it is not touched', async () => {
    const dataDir = join(folder, 'data')
    mkdirSync(join(dataDir, 'postgres', 'base'), { recursive: true })
    await expect(openDatabase({ dataDir })).rejects.toThrow(/^The folder .+postgres holds no database: remove it, or /)
    writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '17\n')
    await expect(openDatabase({ dataDir })).rejects.toThrow(/was written by PostgreSQL 17, this build reads 18:/)
    writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '18\n')
    await expect(openDatabase({ dataDir })).rejects.toThrow(/^The embedded database in .+ cannot be opened: /)
    writeFileSync(join(dataDir, 'first-start-unfinished'), '')
    const lines: string[] = []
    const database = await openDatabase({ dataDir, onProgress: (line) => lines.push(line) })
    expect(database.isNew).toBe(true)
    expect(await database.prisma.model.count()).toBe(0)
    expect(lines[0]).toBe(`Opening the embedded database in ${dataDir}`)
    await database.close()
  })

  test('a client that disappears in a transaction or in the middle of a statement blocks nobody', async () => {
    await using database = await createTestDatabase('embedded')
    const { pool } = database
    const options = { host: pool.options.host, user: 'postgres', database: 'postgres' }
    for (let round = 1; round <= 3; round += 1) {
      const client = new pg.Client(options)
      await client.connect()
      await client.query(`BEGIN; INSERT INTO models (id, name) VALUES (gen_random_uuid(), 'vanished')`)
      const waiting = pool.query(`SELECT count(*) AS models FROM models`)
      streamOf(client).destroy()
      expect((await waiting).rows).toEqual([{ models: 0 }])

      const halfway = new pg.Client(options)
      await halfway.connect()
      await halfway.query('BEGIN')
      // Parse of a wrong statement: all is skipped until a Sync, which never comes.
      const parse = Buffer.from('P\0\0\0\x10\0SELECT (\0\0\0')
      await new Promise<void>((resolve) => streamOf(halfway).write(parse, () => resolve()))
      const next = pool.query('SELECT $1::int AS answer', [round])
      streamOf(halfway).destroy()
      expect((await next).rows).toEqual([{ answer: round }])
    }
    expect(await database.prisma.model.count()).toBe(0)
  })

  test('a thread that dies is reported once, and every statement fails at once', async () => {
    await using database = await createTestDatabase('embedded')
    const failed = new Promise<Error>((resolve) => database.onFailure(resolve))
    // Without its log PostgreSQL panics.
    rmSync(join(database.dataDir ?? '', 'postgres', 'pg_wal'), { recursive: true })
    const fatal = database.pool.query('SELECT pg_switch_wal(); CREATE TABLE t (id int); CHECKPOINT')
    await expect(fatal).rejects.toThrow(/pg_wal|Connection terminated/)
    expect((await failed).message).toMatch(/Aborted/)
    for (const statement of [database.pool.query('SELECT 1'), database.prisma.model.count()]) {
      expect(
        isUnavailable(
          await statement.then(
            () => null,
            (error: unknown) => error,
          ),
        ),
      ).toBe(true)
    }
  })
})

describe.runIf(kinds.includes('postgres'))('a PostgreSQL server', () => {
  test('a database made from another as its template has another epoch', async () => {
    await using original = await createTestDatabase('postgres')
    await original.close()
    const copy = `${new URL(original.url ?? '').pathname.slice(1)}_copy`
    await onServer((client) => client.query(`CREATE DATABASE ${copy} TEMPLATE ${copy.replace(/_copy$/, '')}`))
    try {
      const copied = await openDatabase({ url: urlOf(copy), dataDir: '' })
      expect(copied.epoch).not.toBe(original.epoch)
      expect(copied.isNew).toBe(false)
      await copied.close()
    } finally {
      await onServer((client) => client.query(`DROP DATABASE ${copy} WITH (FORCE)`))
    }
  })

  test('servers that start at once get the same epoch', async () => {
    await using database = await createTestDatabase('postgres')
    await database.pool.query('DELETE FROM log_state')
    const epochs = await Promise.all([1, 2, 3, 4].map(() => openEpoch(database.pool, '')))
    expect(new Set(epochs).size).toBe(1)
  })

  test('a user who may not ask for the cluster opens the database as well', async () => {
    await using database = await createTestDatabase('postgres')
    await database.pool.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public')
    const role = `${new URL(database.url ?? '').pathname.slice(1)}_role`
    await database.pool.query(`CREATE ROLE ${role} LOGIN`)
    try {
      await database.pool.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`)
      await database.pool.query(`GRANT CREATE ON SCHEMA public TO ${role}`)
      const url = new URL(database.url ?? '')
      url.username = role
      const epochs: string[] = []
      for (let start = 1; start <= 2; start += 1) {
        const open = await openDatabase({ url: url.href, dataDir: '' })
        epochs.push(open.epoch)
        await open.close()
      }
      expect(epochs[0]).toBe(epochs[1])
    } finally {
      await database.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  test('sessions are in UTC whatever the server and the url say, so Prisma and raw statements agree', async () => {
    await using database = await createTestDatabase('postgres')
    const name = new URL(database.url ?? '').pathname.slice(1)
    await database.pool.query(`ALTER DATABASE ${name} SET TimeZone = 'Asia/Tokyo'`)
    const url = `${database.url}?options=${encodeURIComponent('-c work_mem=5MB -c TimeZone=Europe/Paris')}`
    const open = await openDatabase({ url, dataDir: '' })
    const createdAt = new Date('2026-07-01T12:00:00.000Z')
    await open.prisma.model.create({ data: { name: 'm', createdAt } })
    const { rows } = await open.pool.query(
      `SELECT created_at, current_setting('work_mem') AS work_mem, current_setting('statement_timeout') AS timeout
       FROM models`,
    )
    expect(rows).toEqual([{ created_at: createdAt, work_mem: '5MB', timeout: '5s' }])
    await open.close()
  })

  test('connections that the server ended are replaced, and the loss of idle ones is reported', async () => {
    await using database = await createTestDatabase('postgres')
    const lost: Error[] = []
    const open = await openDatabase({ url: database.url, dataDir: '', onIdleError: (error) => lost.push(error) })
    await Promise.all([1, 2, 3].map(() => open.pool.query('SELECT pg_sleep(0.01)')))
    const idle = open.pool.idleCount
    const ended = new Promise<void>((resolve) => {
      open.pool.on('remove', () => open.pool.totalCount === 0 && resolve())
    })
    await onServer((client) =>
      client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
        new URL(database.url ?? '').pathname.slice(1),
      ]),
    )
    await ended
    expect(await open.prisma.model.count()).toBe(0)
    // And the one by which the lease is renewed.
    expect(lost).toHaveLength(idle + 1)
    expect(lost.some((error) => 'client' in error)).toBe(false)
    await open.close()
  })
})
