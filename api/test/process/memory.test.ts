import { prepareTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { openRawSocket, textFrame, writeAll } from '../raw-socket.ts'
import { ServerProcess, settingsOf } from './server-process.ts'
import { rssMb } from './soak-figures.ts'

/** Pages of code, caches and garbage that any use of a fresh server brings. */
const WARM_MB = 130

it('300 sockets of strangers that send megabytes of pings and read nothing are cut, and leave no memory behind', async () => {
  const [kind = 'embedded'] = await testDatabaseKinds()
  await using database = await prepareTestDatabase(kind)
  const { server, origin } = await ServerProcess.serving(settingsOf(database))
  await using _server = server
  const before = rssMb(server.pid)
  const sockets = await Promise.all(Array.from({ length: 300 }, () => openRawSocket(origin)))
  const ping = textFrame(JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(60_000) } }))
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  await Promise.all(sockets.map((socket) => writeAll(socket, ping, 100)))
  await Promise.all(closed)
  expect(rssMb(server.pid) - before).toBeLessThan(WARM_MB)
})
