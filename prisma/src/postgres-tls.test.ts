import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from './open-database.ts'
import { prepareTestDatabase, testDatabaseKinds } from './testing.ts'

const can = (await testDatabaseKinds()).includes('postgres') && spawnSync('openssl', ['version']).status === 0
const skipped = can ? '' : ' (skipped: no openssl, or no PostgreSQL server)'

describe.skipIf(!can)(`TLS to a PostgreSQL server${skipped}`, () => {
  let folder: string
  const path = (name: string) => join(folder, name)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gaugeline-tls-'))
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    // A CA of its own, as the managed clouds have, and a server that it vouches for.
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '1', '-subj', '/CN=Private CA')
    openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=database')
    writeFileSync(path('names'), 'subjectAltName=IP:127.0.0.1\n')
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'names']
    openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signed)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** The test server, behind TLS. */
  async function behindTls(url: string | undefined) {
    const target = new URL(url ?? '')
    const { port } = target
    const sockets = new Set<Socket>()
    const secured = createTlsServer({ key: readFileSync(path('server.key')), cert: readFileSync(path('server.pem')) })
    secured.on('tlsClientError', () => undefined)
    secured.on('secureConnection', (client) => {
      const upstream = connect(Number(port || 5432), target.hostname)
      client.on('error', () => upstream.destroy())
      upstream.on('error', () => client.destroy())
      client.pipe(upstream).pipe(client)
    })
    const server = createServer((plain) => {
      sockets.add(plain)
      plain.on('error', () => plain.destroy())
      // The only thing that a client says in clear: may it use TLS?
      plain.once('data', () => {
        plain.pause().write('S')
        secured.emit('connection', plain)
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    target.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    return {
      url: (query: string) => `${target.href}?${query}`,
      where: target.host,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy()
        server.close()
        await once(server, 'close')
      },
    }
  }

  test('by a private CA names what accepts it; with its certificate, each mode connects without a warning', async () => {
    await using database = await prepareTestDatabase('postgres')
    await using server = await behindTls(database.url)
    for (const mode of ['require', 'verify-full']) {
      await expect(openDatabase({ url: server.url(`sslmode=${mode}`), dataDir: '' })).rejects.toThrow(
        `PostgreSQL at ${server.where} has a certificate that cannot be verified: unable to verify the first ` +
          'certificate. Name the file of its CA in DATABASE_URL (sslmode=verify-full&sslrootcert=/path/ca.pem) or in ' +
          'NODE_EXTRA_CA_CERTS; sslmode=no-verify accepts any certificate.',
      )
    }
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      const url = server.url(`sslmode=${mode}&sslrootcert=${encodeURIComponent(path('ca.pem'))}`)
      const open = await openDatabase({ url, dataDir: '' })
      expect((await open.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      await open.close()
    }
    const unverified = await openDatabase({ url: server.url('sslmode=no-verify'), dataDir: '' })
    await unverified.close()
    process.off('warning', note)
    expect(warnings).toEqual([])
  })
})

test('TLS that a server does not have, or insists on, and a file that cannot be read, are named', async () => {
  const answer = { value: 'N' }
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', () => socket.end(answer.value))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const where = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const open = (query: string) => openDatabase({ url: `postgres://me@${where}/app${query}`, dataDir: '' })
  await expect(open('?sslmode=require')).rejects.toThrow(
    `PostgreSQL at ${where} has no TLS: remove sslmode from DATABASE_URL, or enable TLS on the server.`,
  )
  const fields = 'SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry for host "127.0.0.1", user "me", no encryption\0\0'
  answer.value = `E\0\0\0${String.fromCharCode(fields.length + 4)}${fields}`
  await expect(open('')).rejects.toThrow(
    `PostgreSQL at ${where} refuses connections without TLS: add ?sslmode=verify-full to DATABASE_URL.`,
  )
  server.close()
  await expect(open('?sslmode=verify-full&sslrootcert=/no/such/ca.pem')).rejects.toThrow(
    'DATABASE_URL names the file /no/such/ca.pem, which cannot be read: correct sslrootcert, sslcert or sslkey.',
  )
})
