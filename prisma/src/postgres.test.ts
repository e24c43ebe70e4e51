import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { DatabaseStartError } from './database-start-error.ts'
import { openDatabase } from './open-database.ts'
import { refuseUnfit } from './postgres-checks.ts'
import { onServer, testDatabaseKinds, urlOf } from './testing.ts'

const hasServer = (await testDatabaseKinds()).includes('postgres')

async function refusal(url: string): Promise<string> {
  const error: unknown = await openDatabase({ url, dataDir: '' }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DatabaseStartError)
  const { message } = error as DatabaseStartError
  expect(message).not.toContain('\n')
  expect(message).not.toContain('s3cret')
  return message
}

/** A server that answers every start of a session with an error of the given code. */
async function refusingServer(code: string, message: string) {
  const server = createServer((socket) => {
    socket.on('data', () => {
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`)
      const head = Buffer.from([...Buffer.from('E'), 0, 0, 0, 0])
      head.writeInt32BE(fields.length + 4, 1)
      socket.end(Buffer.concat([head, fields]))
    })
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

test('a server that does not answer is named without the password', async () => {
  expect(await refusal('postgres://me:s3cret@127.0.0.1:1/app')).toBe(
    'PostgreSQL at 127.0.0.1:1 cannot be reached: nothing answers there. ' +
      'Start it, correct DATABASE_URL, or unset it for the embedded database.',
  )
  expect(await refusal('postgres://me:s3cret@localhost:1/app')).toMatch(/^PostgreSQL at localhost:1 cannot be reached:/)
  expect(await refusal('postgres://me:s3cret@/app?host=/nowhere')).toMatch(/^PostgreSQL at \/nowhere cannot be/)
})

test('a wrong password, an unknown user and a missing database each say what to correct', async () => {
  await using password = await refusingServer('28P01', 'password authentication failed for user "me"')
  expect(await refusal(`postgres://me:s3cret@127.0.0.1:${password.port}/app`)).toBe(
    `PostgreSQL at 127.0.0.1:${password.port} refuses user "me": correct user and password in DATABASE_URL.`,
  )
  await using database = await refusingServer('3D000', 'database "app" does not exist')
  expect(await refusal(`postgres://me:s3cret@127.0.0.1:${database.port}/app`)).toBe(
    `PostgreSQL at 127.0.0.1:${database.port} has no database "app": create it, or correct DATABASE_URL.`,
  )
  await using other = await refusingServer('53300', 'sorry, too many clients already')
  expect(await refusal(`postgres://me:s3cret@127.0.0.1:${other.port}/app`)).toContain('sorry, too many clients already')
})

test.each([
  '',
  'nonsense',
  'mysql://me:s3cret@127.0.0.1/app',
  'postgres://me:s3cret%@127.0.0.1/app',
  'http://s3cret',
  'postgres://me:pa/s3cret@127.0.0.1/app',
  'postgres://me:1/s3cret@127.0.0.1/app',
  'postgres://me:1#s3cret@127.0.0.1/app',
  'postgres://me:1?s3cret@127.0.0.1/app',
])('the address %j is refused', async (url) => {
  expect(await refusal(url)).toMatch(/^DATABASE_URL is not a PostgreSQL address: write it as postgres:\/\/user:/)
})

test('servers before version 14, standbys and other encodings are refused', () => {
  const fit = { version: 140_000, encoding: 'UTF8', standby: false }
  expect(() => refuseUnfit(fit, 'app')).not.toThrow()
  expect(() => refuseUnfit({ ...fit, version: 130_021 }, 'app')).toThrow(/is version 13: Gaugeline needs 14 or newer/)
  expect(() => refuseUnfit({ ...fit, standby: true }, 'app')).toThrow(/read-only standby/)
  expect(() => refuseUnfit({ ...fit, encoding: 'LATIN1' }, 'app')).toThrow(/"app" .+ has the encoding LATIN1/)
})

test.runIf(hasServer)('a database that is not there, or not in UTF-8, is refused by a real server', async () => {
  expect(await refusal(urlOf('gaugeline_not_there'))).toContain('has no database "gaugeline_not_there"')
  const name = `gaugeline_ascii_${process.pid}`
  await onServer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`))
  try {
    expect(await refusal(urlOf(name))).toContain('has the encoding SQL_ASCII: Gaugeline needs one in UTF8.')
  } finally {
    await onServer((client) => client.query(`DROP DATABASE ${name}`))
  }
})
