import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '@gaugeline/prisma'
import { createTestDatabase, onServer, prepareTestDatabase, testDatabaseKinds, urlOf } from '@gaugeline/prisma/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { restartablePort } from '../tcp-proxy.ts'
import { ServerProcess, settingsOf } from './server-process.ts'

/** The uid of nobody, who owns no file. */
const NOBODY = 65_534

const kinds = await testDatabaseKinds()
let folder: string
let dataDir: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeline-start-'))
  dataDir = join(folder, 'data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Starts a server that must not come up; returns the one line that it writes to stderr. */
async function refusal(settings: Record<string, string>, uid?: number): Promise<string> {
  await using server = ServerProcess.start({ SEED: 'none', ...settings }, { uid })
  const exit = await server.exited
  expect(server.stdout).not.toContain('is ready')
  expect({ ...exit, stderr: server.stderr }).toEqual({
    code: 1,
    signal: null,
    stderr: expect.stringMatching(/^[^\n]{20,400}\n$/),
  })
  return server.stderr.trimEnd()
}

/** Whether a server starts with these settings, and ends in order. */
async function expectGoodStart(settings: Record<string, string>): Promise<void> {
  const { server } = await ServerProcess.serving({ SEED: 'none', ...settings })
  await using _ = server
  expect(await server.end()).toMatchObject({ code: 0 })
}

async function listening(onConnection: (socket: Socket) => void = () => undefined): Promise<Server & { port: number }> {
  const server = createServer(onConnection)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.')
  return Object.assign(server, { port: address.port })
}

it('a start names a port that is in use, opens nothing, and succeeds once the port is free', async () => {
  const other = await listening()
  const settings = { PORT: String(other.port), DATA_DIR: dataDir }
  expect(await refusal(settings)).toBe(
    `Cannot listen on 127.0.0.1, port ${other.port}: another program is listening there. ` +
      'Stop it, or set PORT to a free port.',
  )
  expect(existsSync(dataDir)).toBe(false)
  await new Promise((resolve) => other.close(resolve))
  await expectGoodStart(settings)
})

describe('an embedded data folder', () => {
  it('is refused while another server holds it, which is not disturbed', async () => {
    await using database = await prepareTestDatabase('embedded')
    const settings = settingsOf(database)
    const { server: first, origin } = await ServerProcess.serving(settings)
    await using _ = first
    expect(await refusal(settings)).toBe(
      `The data folder ${database.dataDir} is in use by process ${first.pid}: ` +
        'stop that process, or set DATA_DIR to another folder.',
    )
    expect((await fetch(`${origin}/readyz`)).status).toBe(200)
    expect(await first.end()).toMatchObject({ code: 0 })
    await expectGoodStart(settings)
  })

  it('is refused where a file is in its place', async () => {
    writeFileSync(dataDir, 'a file')
    for (const path of [dataDir, join(dataDir, 'below')]) {
      expect(await refusal({ DATA_DIR: path })).toBe(
        `The data folder ${path} cannot be used: a file is in its place. Set DATA_DIR to a folder that can be written.`,
      )
    }
  })

  // chmod does not stop root, so root runs the server as another user, who must be able to read the build.
  const isRoot = process.getuid?.() === 0
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
  const cannotBeOther = isRoot && spawnSync('cat', [main], { uid: NOBODY, gid: NOBODY }).status !== 0
  const skipped = cannotBeOther ? ' (skipped: run by root, and nobody else can read the build)' : ''
  it.skipIf(cannotBeOther)(`is refused when it is read-only${skipped}`, async () => {
    chmodSync(folder, 0o755)
    mkdirSync(dataDir)
    chmodSync(dataDir, 0o555)
    for (const path of [dataDir, join(dataDir, 'below')]) {
      expect(await refusal({ DATA_DIR: path }, isRoot ? NOBODY : undefined)).toBe(
        `The data folder ${path} cannot be used: it cannot be written. Set DATA_DIR to a folder that can be written.`,
      )
    }
    expect(readdirSync(dataDir)).toEqual([])
    chmodSync(dataDir, 0o755)
    await expectGoodStart({ DATA_DIR: dataDir })
  })

  const noOther = isRoot ? skipped : ' (skipped: only root can start a server as another user)'
  it.skipIf(noOther)(`is refused when a part of it is of another user, who is named${noOther}`, async () => {
    await using database = await prepareTestDatabase('embedded')
    cpSync(database.dataDir!, dataDir, { recursive: true })
    const postgres = join(dataDir, 'postgres')
    spawnSync('chown', ['-R', String(NOBODY), folder])
    // What a start with sudo leaves: the folder, one file in it, or the lock after kill -9.
    const parts = [postgres, join(postgres, 'global', 'pg_control'), join(dataDir, 'gaugeline.lock')]
    for (const part of parts) {
      if (!existsSync(part)) writeFileSync(part, '')
      const { mode } = statSync(part)
      chmodSync(part, mode & 0o700)
      chownSync(part, 0, 0)
      expect(await refusal({ DATA_DIR: dataDir }, NOBODY)).toMatch(
        /^The data folder .+ cannot be used: .+ \(EACCES\)\. It belongs to user 0, this is user 65534: start as that user, /,
      )
      chownSync(part, NOBODY, NOBODY)
    }
    expect(existsSync(join(postgres, 'PG_VERSION'))).toBe(true)
  })
})

describe.each(kinds)('a database on %s', (kind) => {
  it('is refused when a newer build has migrated it, and is released', async () => {
    await using database = await createTestDatabase(kind)
    await database.pool.query(
      `insert into _prisma_migrations (id, checksum, migration_name, finished_at)
       values ('of-a-newer-build', '', '99990101000000_of_the_future', now())`,
    )
    await database.close()
    const settings = settingsOf(database)
    expect(await refusal(settings)).toBe(
      'The database is newer than this build of Gaugeline: it holds the migration 99990101000000_of_the_future. ' +
        'Start the newer build, or use another database.',
    )
    if (kind === 'embedded') expect(readdirSync(database.dataDir!)).toEqual(['postgres'])
    else {
      const query = `select 1 from pg_stat_activity where datname = '${new URL(database.url!).pathname.slice(1)}'`
      // PostgreSQL takes a moment to see that a connection was closed.
      await expect.poll(async () => (await onServer((client) => client.query(query))).rowCount).toBe(0)
    }
  })
})

describe('a PostgreSQL server', () => {
  it('is named when nothing answers there', async () => {
    const where = `127.0.0.1:${await restartablePort()}`
    expect(await refusal({ DATABASE_URL: `postgres://gauge:very-secret@${where}/gauges`, DATA_DIR: dataDir })).toBe(
      `PostgreSQL at ${where} cannot be reached: nothing answers there. ` +
        'Start it, correct DATABASE_URL, or unset it for the embedded database.',
    )
    expect(existsSync(dataDir)).toBe(false)
  })

  it('is named when it accepts the connection and never answers', async () => {
    const sockets: Socket[] = []
    const silent = await listening((socket) => sockets.push(socket))
    expect(await refusal({ DATABASE_URL: `postgres://gauge:very-secret@127.0.0.1:${silent.port}/gauges` })).toBe(
      `PostgreSQL at 127.0.0.1:${silent.port} cannot be reached: no answer within 5 s. ` +
        'Start it, correct DATABASE_URL, or unset it for the embedded database.',
    )
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => silent.close(resolve))
  })

  it('is named when it is something else', async () => {
    const web = await listening((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(await refusal({ DATABASE_URL: `postgres://127.0.0.1:${web.port}/gauges` })).toMatch(
      /^PostgreSQL at 127\.0\.0\.1:\d+ cannot be .+ Correct DATABASE_URL or the server\.$/,
    )
    await new Promise((resolve) => web.close(resolve))
  })

  const without = kinds.includes('postgres') ? '' : ' (skipped: no PostgreSQL server)'
  it.skipIf(without !== '')(
    `is distinguished from its databases and users, without the password${without}`,
    async () => {
      const url = new URL(urlOf('gaugeline_no_such_database'))
      url.password ||= 'very-secret'
      const noDatabase = await refusal({ DATABASE_URL: url.href })
      expect(noDatabase).toBe(
        `PostgreSQL at ${url.host} has no database "gaugeline_no_such_database": create it, or correct DATABASE_URL.`,
      )
      url.pathname = '/postgres'
      url.username = 'gaugeline_no_such_user'
      expect(await refusal({ DATABASE_URL: url.href })).toBe(
        `PostgreSQL at ${url.host} refuses user "gaugeline_no_such_user": correct user and password in DATABASE_URL.`,
      )
    },
  )
})

describe('a setting', () => {
  it.each([
    ['PORT', '70000', 'PORT holds "70000"; it may hold a port from 0 (any free one) to 65535.'],
    ['SEED', 'de\nmo', 'SEED holds "de\\nmo"; it may hold demo, history or none.'],
    ['ADMIN_TOKEN', 'short-secret', /^ADMIN_TOKEN holds 12 characters; it may hold 32 to 1024 printable ASCII/],
    ['DATABASE_URL', 'mysql://gauge:very-secret@127.0.0.1/gauges', /^DATABASE_URL holds "mysql:\/\/…@127\.0\.0\.1\/g/],
  ])('%s is refused with its name, its value and the values that it allows', async (name, value, line) => {
    const said = await refusal({ DATA_DIR: dataDir, [name]: value })
    if (typeof line === 'string') expect(said).toBe(line)
    else expect(said).toMatch(line)
    expect(said).not.toContain('secret')
    expect(existsSync(dataDir)).toBe(false)
  })

  it('TRAFFIC_TRACE is refused with file, line and reason before any database is opened', async () => {
    const trace = join(folder, 'trace.csv')
    const header = 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n'
    writeFileSync(trace, `${header}2023-11-16 18:15:50.9951690,396,many\n`)
    expect(await refusal({ DATA_DIR: dataDir, TRAFFIC_TRACE: trace })).toBe(
      `TRAFFIC_TRACE names a recording that cannot be used: ${trace}:3: GeneratedTokens is "many", not a whole number`,
    )
    expect(await refusal({ DATA_DIR: dataDir, TRAFFIC_TRACE: join(folder, 'absent.csv') })).toBe(
      `TRAFFIC_TRACE names a recording that cannot be used: ${join(folder, 'absent.csv')}: does not exist`,
    )
    expect(existsSync(dataDir)).toBe(false)
  })
})

it('a first start that was killed begins again at the next start', async () => {
  mkdirSync(dataDir)
  await using server = ServerProcess.start({ DATA_DIR: dataDir, SEED: 'none' })
  await server.printed(/Opening the embedded database/)
  await server.kill()
  await expectGoodStart({ DATA_DIR: dataDir })
  const database = await openDatabase({ dataDir })
  expect(database.isNew).toBe(false)
  await database.close()
})
