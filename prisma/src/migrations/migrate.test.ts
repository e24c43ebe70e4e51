import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DatabaseAdapter } from '../adapter.ts'
import { DatabaseStartError } from '../database-start-error.ts'
import { openDatabase, openDatabaseFrom } from '../open-database.ts'
import type { Database } from '../open-database.ts'
import { migrationsFolder } from '../package-paths.ts'
import { prepareTestDatabase, testDatabaseKinds } from '../testing.ts'
import type { TestDatabaseLocation } from '../testing.ts'

describe.each(await testDatabaseKinds())('migrations on %s', (kind) => {
  let database: TestDatabaseLocation
  let folder: string

  beforeEach(async () => {
    folder = join(mkdtempSync(join(tmpdir(), 'gaugeline-migrations-')), 'migrations')
    cpSync(migrationsFolder, folder, { recursive: true })
    database = await prepareTestDatabase(kind)
  })
  afterEach(async () => {
    await database[Symbol.asyncDispose]()
    rmSync(join(folder, '..'), { recursive: true })
  })

  const write = (name: string, sql: string) => {
    mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, 'migration.sql'), sql)
  }
  const where = () => ({ url: database.url, dataDir: database.dataDir ?? '' })
  const reopen = () => openDatabaseFrom(where(), { migrationsFolder: folder, snapshot: null, lease: null })
  const using = async <T>(opened: Promise<Database>, work: (database: Database) => Promise<T>) => {
    const open = await opened
    try {
      return await work(open)
    } finally {
      await open.close()
    }
  }
  /** Those that the test wrote itself. */
  const finished = async ({ pool }: Database) => {
    const { rows } = await pool.query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY started_at',
    )
    return rows.map(({ name }) => name).filter((name) => !existsSync(join(migrationsFolder, name)))
  }
  const exists = async ({ pool }: Database, table: string) => {
    const { rows } = await pool.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [table])
    return rows[0]?.exists
  }

  test('steps of earlier versions are counted and numbered in their order, however many a job has', async () => {
    const later = readdirSync(folder).filter((name) => name >= '20261130103652')
    for (const name of later) renameSync(join(folder, name), join(folder, '..', name))
    await using(openDatabase(where()), ({ pool }) => pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'))
    const id = (n: number) => `00000000-0000-7000-8000-00000000000${n}`
    await using(reopen(), ({ pool }) =>
      pool.query(`
        INSERT INTO models (id, name) VALUES ('${id(0)}', 'm');
        INSERT INTO training_jobs (id, model_id, name, status, created_by)
          SELECT id, '${id(0)}', 'j', 'QUEUED', 'me' FROM unnest(ARRAY['${id(1)}', '${id(2)}', '${id(3)}']::uuid[]) id;
        INSERT INTO training_steps (training_job_id, step, loss) SELECT '${id(1)}', n * 2, 1 FROM generate_series(20000, 1, -1) n;
        INSERT INTO training_steps (training_job_id, step, loss) VALUES ('${id(2)}', 7, 1)`),
    )
    for (const name of later) renameSync(join(folder, '..', name), join(folder, name))
    await using(reopen(), async ({ prisma }) => {
      const jobs = await prisma.trainingJob.findMany({ select: { stepCount: true }, orderBy: { id: 'asc' } })
      expect(jobs.map(({ stepCount }) => stepCount)).toEqual([20_000, 1, 0])
      const newest = await prisma.trainingStep.findMany({
        orderBy: { step: 'desc' },
        take: 2,
        where: { trainingJobId: id(1) },
      })
      expect(newest.map(({ step, position }) => [step, position])).toEqual([
        [40_000, 20_000],
        [39_998, 19_999],
      ])
    })
  })

  test('a failing migration leaves nothing behind and prevents every start until it is corrected', async () => {
    write('20990101000000_halves', 'CREATE TABLE halves (id int); INSERT INTO halves VALUES (1); SELECT 1 / 0;')
    for (let start = 1; start <= 2; start += 1) {
      const error: unknown = await reopen().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(DatabaseStartError)
      expect(String(error)).toContain('20990101000000_halves failed: division by zero')
      expect(String(error)).not.toContain('\n')
    }
    // The build without the failing migration still starts.
    await using(openDatabase(where()), async (open) => {
      expect(await finished(open)).toEqual([])
      expect(await exists(open, 'halves')).toBe(false)
    })
    write('20990101000000_halves', 'CREATE TABLE halves (id int); INSERT INTO halves VALUES (1);')
    await using(reopen(), async (open) => {
      expect(await finished(open)).toEqual(['20990101000000_halves'])
      expect(await exists(open, 'halves')).toBe(true)
      expect(open.isNew).toBe(false)
    })
  })

  test('of several migrations, those before the failing one remain applied', async () => {
    write('20990101000000_fine', 'CREATE TABLE fine (id int);')
    write('20990102000000_broken', 'CREATE TABLE broken (id nonsense);')
    await expect(reopen()).rejects.toThrow(/20990102000000_broken failed: type "nonsense" does not exist/)
    rmSync(join(folder, '20990102000000_broken'), { recursive: true })
    await using(reopen(), async (open) => {
      expect(await finished(open)).toEqual(['20990101000000_fine'])
    })
  })

  test('a body in dollar quotes may hold semicolons, and is rolled back whole', async () => {
    const body = `CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN n := n * 2; RETURN n; END; $$;
      DO $$ BEGIN CREATE TABLE made (id int); INSERT INTO made VALUES (1); END; $$;`
    write('20990101000000_body', `${body} DO $$ BEGIN RAISE EXCEPTION 'no; not yet'; END; $$;`)
    await expect(reopen()).rejects.toThrow(/20990101000000_body failed: no; not yet/)
    await using(openDatabase(where()), async (open) => {
      expect(await exists(open, 'made')).toBe(false)
    })
    write('20990101000000_body', body)
    await using(reopen(), async ({ pool }) => {
      expect((await pool.query('SELECT twice(21) AS answer')).rows).toEqual([{ answer: 42 }])
    })
  })

  test('a script and the record that it was applied are one transaction', async () => {
    await using(openDatabase(where()), async (open) => {
      await open.pool.query(
        `INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('1', '', '20990101000000_pending')`,
      )
      const adapter = await new DatabaseAdapter(open.pool).connect()
      await adapter.executeScript('CREATE TABLE pending (id int);')
      expect(await finished(open)).toEqual(['20990101000000_pending'])
    })
  })

  test('a database with a migration that this build does not know is refused', async () => {
    write('20990101000000_future', 'CREATE TABLE future (id int);')
    await using(reopen(), async () => undefined)
    await expect(openDatabase(where())).rejects.toThrow(
      /^The database is newer than this build of Gaugeline: it holds the migration 20990101000000_future\./,
    )
  })

  test('a shadow database is never used, because it would be the main one', () => {
    expect(() => new DatabaseAdapter(new pg.Pool()).connectToShadowDb()).toThrow('Shadow databases are not used')
  })

  test.runIf(kind === 'postgres')('servers that start at once migrate once', async () => {
    write('20990101000000_once', 'CREATE TABLE once (id int); SELECT pg_sleep(0.2);')
    // Without a lease, which is held by a server that is migrated from a version that had none.
    const opened = await Promise.all([reopen(), reopen(), reopen()])
    for (const open of opened) {
      expect(await finished(open)).toEqual(['20990101000000_once'])
      await open.close()
    }
  })
})
