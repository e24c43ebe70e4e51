import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { createPool } from './pool.ts'
import { testDatabaseKinds, urlOf } from './testing.ts'
import { transactionsOf } from './transactions.ts'

/** A way to the test server that forgets its connections when it is told to, without a word to either side. */
async function forgetfulNetwork() {
  const target = new URL(urlOf('postgres'))
  const { hostname, port } = target
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port || 5432), hostname)
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => socket.destroy()))
    client.pipe(upstream).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  target.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: target.href,
    forget() {
      for (const socket of sockets) socket.unpipe().pause()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const without = (await testDatabaseKinds()).includes('postgres') ? '' : ' (skipped: no PostgreSQL server)'

test.skipIf(without !== '')(
  `the first statement that gets no answer ends all connections that may be lost${without}`,
  async () => {
    await using network = await forgetfulNetwork()
    const dropped: Error[] = []
    const pool = createPool({ connectionString: network.url, query_timeout: 2_000 }, (error) => dropped.push(error))
    const asked = await pool.connect()
    await Promise.all([1, 2, 3].map(() => pool.query('SELECT pg_sleep(0.05)')))
    expect(pool.idleCount).toBe(3)
    await asked.query('BEGIN')
    network.forget()
    await expect(asked.query('SELECT 1')).rejects.toThrow('Query read timeout')

    // As Prisma ends a transaction: the rollback waits no second time, and the client does not come back.
    await expect(asked.query('ROLLBACK')).rejects.toThrow('Client was closed')
    asked.release()
    expect(dropped).toHaveLength(3)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  },
)

test.skipIf(without !== '')(
  `a transaction ends with its first statement that gets no answer, and so does its connection${without}`,
  async () => {
    await using network = await forgetfulNetwork()
    const pool = createPool({ connectionString: network.url, query_timeout: 1500 }, () => {})
    const query = vi.spyOn(pg.Client.prototype, 'query')
    const end = vi.spyOn(pg.Client.prototype, 'end')
    const work = transactionsOf({ pool, kind: 'postgres' })(async (tx) => {
      expect(await tx.$queryRaw`select 1 as one`).toEqual([{ one: 1 }])
      network.forget()
      await tx.$queryRaw`select 2 as two`
    })
    await expect(work).rejects.toThrow('Query read timeout')
    // So the rollback does not wait for as long again.
    const rollback = query.mock.calls.findIndex(([statement]) => statement === 'rollback')
    expect(end.mock.invocationCallOrder[0]).toBeLessThan(query.mock.invocationCallOrder[rollback] ?? 0)
    expect(pool.totalCount).toBe(0)
    query.mockRestore()
    end.mockRestore()
    await pool.end()
  },
)

test.skipIf(without !== '')(`an aborted signal ends what waits, and what comes after${without}`, async () => {
  await using network = await forgetfulNetwork()
  const lost: Error[] = []
  const end = new AbortController()
  const pool = createPool({ connectionString: network.url, max: 1 }, (error) => lost.push(error), end.signal)
  await pool.query('SELECT 1')
  network.forget()
  const waiting = Promise.allSettled([1, 2, 3].map((n) => pool.query('SELECT $1::int', [n])))
  end.abort()
  for (const { status } of await waiting) expect(status).toBe('rejected')
  await expect(pool.query('SELECT 1')).rejects.toThrow(/abort/)
  await pool.end()
  expect(lost).toEqual([])
})
