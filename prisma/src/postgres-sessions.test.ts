import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openDatabase } from './open-database.ts'
import { createTestDatabase, onServer, prepareTestDatabase, testDatabaseKinds, urlOf } from './testing.ts'

const hasServer = (await testDatabaseKinds()).includes('postgres')
const hasPgBouncer = hasServer && spawnSync('pgbouncer', ['--version']).status === 0

const sharedSessions =
  /^DATABASE_URL leads to a pooler at 127\.0\.0\.1:\d+ that gives a session to many clients \(transaction mode\): /

function withParameter(url: string | undefined, name: string, value: string): string {
  const changed = new URL(url ?? '')
  changed.searchParams.set(name, value)
  return changed.href
}

afterEach(() => vi.unstubAllEnvs())

/** A database of the given locale, where no migration was applied. */
async function emptyDatabase(locale: string) {
  const name = `gaugeline_empty_${process.pid}`
  await onServer((client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE '${locale}'`),
  )
  const drop = () => onServer((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
  return { name, url: urlOf(name), [Symbol.asyncDispose]: async () => void (await drop()) }
}

describe.runIf(hasServer)('sessions on a PostgreSQL server', () => {
  test('are READ COMMITTED whatever the database says, so that changes at once all succeed', async () => {
    await using database = await createTestDatabase('postgres')
    const name = new URL(database.url ?? '').pathname.slice(1)
    await database.pool.query(`ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`)
    const open = await openDatabase({ url: database.url, dataDir: '' })
    const model = await open.prisma.model.create({ data: { name: 'counted' } })
    await Promise.all(
      Array.from({ length: 24 }, () =>
        open.prisma.$transaction(async (tx) => {
          await tx.$queryRaw`SELECT 1 FROM models WHERE id = ${model.id}::uuid FOR UPDATE`
          await tx.model.update({ where: { id: model.id }, data: { deploymentCount: { increment: 1 } } })
        }),
      ),
    )
    expect(await open.prisma.model.findFirst()).toMatchObject({ deploymentCount: 24 })
    await open.close()
  })

  test('use the schema of the url, for statements of all kinds, and nothing outside of it', async () => {
    await using database = await createTestDatabase('postgres')
    const url = withParameter(database.url, 'schema', 'Team 1')
    for (let start = 1; start <= 2; start += 1) {
      const open = await openDatabase({ url, dataDir: '' })
      expect(open.isNew).toBe(start === 1)
      await open.prisma.model.create({ data: { name: `model/${start}` } })
      expect((await open.pool.query('SELECT count(*) AS models FROM models')).rows).toEqual([{ models: start }])
      await open.close()
    }
    expect(await database.prisma.model.count()).toBe(0)
  })

  test.each(['', 'with"quote', 'x'.repeat(64)])('the schema %j is refused', async (schema) => {
    const url = withParameter(urlOf('gaugeline'), 'schema', schema)
    await expect(openDatabase({ url, dataDir: '' })).rejects.toThrow(/^DATABASE_URL holds a schema that cannot be used/)
  })

  test('a role that may not create tables, or not even use the schema, is told which right it lacks', async () => {
    await using empty = await emptyDatabase('C')
    const role = `${empty.name}_role`
    await onServer((client) => client.query(`CREATE ROLE ${role} LOGIN`))
    try {
      const url = new URL(empty.url)
      url.username = role
      await expect(openDatabase({ url: url.href, dataDir: '' })).rejects.toThrow(
        `User ${role} may not create tables in the schema public of the database "${empty.name}": ` +
          `run GRANT CREATE ON SCHEMA public TO ${role}, or use another schema (?schema=name).`,
      )
      const team = withParameter(url.href, 'schema', 'team')
      await expect(openDatabase({ url: team, dataDir: '' })).rejects.toThrow(
        `The database "${empty.name}" has no schema "team", and user "${role}" may not create it: ` +
          `run CREATE SCHEMA "team" AUTHORIZATION "${role}".`,
      )
      const owner = await openDatabase({ url: withParameter(empty.url, 'schema', 'team'), dataDir: '' })
      await owner.close()
      await expect(openDatabase({ url: team, dataDir: '' })).rejects.toThrow(
        `User "${role}" may not use the schema "team" of the database "${empty.name}": ` +
          `run GRANT USAGE, CREATE ON SCHEMA "team" TO "${role}".`,
      )
      // Nothing is to be migrated, but the server makes partitions.
      const grants = new pg.Client({ connectionString: empty.url })
      await grants.connect()
      await grants.query(`GRANT USAGE ON SCHEMA team TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA team TO ${role}`)
      await expect(openDatabase({ url: team, dataDir: '' })).rejects.toThrow(`User ${role} may not create tables`)
      await grants.query(`DROP OWNED BY ${role}`)
      await grants.end()
    } finally {
      await onServer((client) => client.query(`DROP ROLE ${role}`))
    }
  })

  test('names are found in any case, also in a database whose locale knows ASCII only', async () => {
    await using empty = await emptyDatabase('C')
    const { prisma, close } = await openDatabase({ url: empty.url, dataDir: '' })
    const { id: modelId } = await prisma.model.create({ data: { name: 'm' } })
    await prisma.trainingJob.create({ data: { modelId, name: 'Ärger ΣΙΓΜΑ жук', status: 'QUEUED', createdBy: 'me' } })
    for (const search of ['äRGER', 'σιγμα', 'ЖУК']) {
      expect(await prisma.trainingJob.count({ where: { name: { contains: search, mode: 'insensitive' } } })).toBe(1)
    }
    await close()
  })

  test('what the url leaves out is taken from the usual variables, and the refusal says so', async () => {
    vi.stubEnv('PGPORT', '1')
    await expect(openDatabase({ url: 'postgres://me@127.0.0.1/app', dataDir: '' })).rejects.toThrow(
      /^PostgreSQL at 127\.0\.0\.1:1 cannot be reached: nothing answers there\./,
    )
  })
})

/** Answers every statement as one session of a server would, whichever client asks. */
function answerLikeTransactionMode(socket: Socket): void {
  const message = (type: string, ...parts: (string | Buffer)[]) => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
    const head = Buffer.from([type.charCodeAt(0), 0, 0, 0, 0])
    head.writeInt32BE(body.length + 4, 1)
    return Buffer.concat([head, body])
  }
  const int = (size: 2 | 4, value: number) => {
    const bytes = Buffer.alloc(size)
    bytes.writeIntBE(value, 0, size)
    return bytes
  }
  const column = (name: string, oid: number) =>
    Buffer.concat([Buffer.from(`${name}\0`), int(4, 0), int(2, 0), int(4, oid), int(2, -1), int(4, -1), int(2, 0)])
  const answer = (columns: [name: string, oid: number, value: string][]) =>
    Buffer.concat([
      message('T', int(2, columns.length), ...columns.map(([name, oid]) => column(name, oid))),
      message('D', int(2, columns.length), ...columns.flatMap(([, , value]) => [int(4, value.length), value])),
    ])
  const ready = Buffer.concat([message('C', 'OK\0'), message('Z', 'I')])
  let isStarted = false
  socket.on('error', () => socket.destroy())
  socket.on('data', (data) => {
    const text = data.toString('latin1')
    if (!isStarted) socket.write(Buffer.concat([message('R', int(4, 0)), message('Z', 'I')]))
    else if (text.includes('pg_backend_pid')) socket.write(Buffer.concat([answer([['pid', 23, '42']]), ready]))
    else if (text.includes('server_version_num')) {
      const server: [string, number, string][] = [
        ['version', 23, '160000'],
        ['encoding', 25, 'UTF8'],
        ['standby', 16, 'f'],
      ]
      socket.write(Buffer.concat([answer(server), ready]))
    } else if (text.startsWith('Q')) socket.write(ready)
    isStarted = true
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** PgBouncer in front of a database. It refuses to run as root. */
async function pgBouncer(target: string | undefined, mode: 'session' | 'transaction') {
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-pgbouncer-'))
  const port = await freePort()
  const url = new URL(target ?? '')
  const server = `host=${url.hostname} port=${url.port || 5432} user=${url.username}${url.password && ` password=${url.password}`}`
  const config = join(folder, 'pgbouncer.ini')
  writeFileSync(
    config,
    `[databases]\n${url.pathname.slice(1)} = ${server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\n` +
      `auth_type = any\npool_mode = ${mode}\n`,
    { mode: 0o644 },
  )
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn('pgbouncer', [...asUser, config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('process up')) resolve()
    })
    child.once('exit', () => reject(new Error(said)))
  })
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

describe('a pooler', () => {
  test('that gives one session to many clients is refused', async () => {
    const server = createServer(answerLikeTransactionMode).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await expect(openDatabase({ url: `postgres://me@127.0.0.1:${port}/app`, dataDir: '' })).rejects.toThrow(
      sharedSessions,
    )
    server.close()
  })

  const skipped = hasPgBouncer ? '' : ' (skipped: no PgBouncer on the PATH, or no PostgreSQL server)'
  test.skipIf(!hasPgBouncer)(`is refused when it is PgBouncer in transaction mode${skipped}`, async () => {
    await using database = await prepareTestDatabase('postgres')
    await using pooler = await pgBouncer(database.url, 'transaction')
    await expect(openDatabase({ url: pooler.url, dataDir: '' })).rejects.toThrow(sharedSessions)
  })

  test.skipIf(!hasPgBouncer)(`serves us when it is PgBouncer in session mode, unconfigured${skipped}`, async () => {
    await using database = await prepareTestDatabase('postgres')
    await using pooler = await pgBouncer(database.url, 'session')
    const open = await openDatabase({ url: pooler.url, dataDir: '' })
    const createdAt = new Date('2026-07-01T12:00:00.000Z')
    await open.prisma.model.create({ data: { name: 'm', createdAt } })
    const prepared = { name: 'models', text: `SELECT created_at, current_setting('TimeZone') AS zone FROM models` }
    for (let time = 1; time <= 2; time += 1) {
      expect((await open.pool.query(prepared)).rows).toEqual([{ created_at: createdAt, zone: 'UTC' }])
    }
    await open.close()
  })
})
