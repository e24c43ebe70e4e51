import { prepareTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { Queue } from '../queue.ts'
import { openRawSocket, textFrame, writeAll } from '../raw-socket.ts'
import { type WsMessage, WsTestClient } from '../ws-client.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'
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

describe('one token on a server with a heap of 128 MB', () => {
  it('cannot end it by subscriptions with large documents, which count on every transport', async () => {
    const [kind = 'embedded'] = await testDatabaseKinds()
    await using database = await prepareTestDatabase(kind)
    const settings = { ...settingsOf(database), NODE_OPTIONS: '--max-old-space-size=128' }
    const { server, origin } = await ServerProcess.serving(settings)
    await using _server = server
    const refused = { errors: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 'runningBytes' } }] }
    const sockets: WsTestClient[] = []
    // There are no events, so only refusals are results.
    const results = new Queue<unknown>()
    for (let n = 0; n < 240; n += 1) {
      if (n % 50 === 0) sockets.push(await follower(origin, results))
      sockets.at(-1)?.subscribe(largeSubscription(n))
    }
    for (let n = 0; n < 50; n += 1) expect(await results.next()).toMatchObject(refused)
    const answerTo = async (accept: string, n: number) => {
      const headers = { accept, authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ query: largeSubscription(n) })
      return await (await fetch(`${origin}/graphql`, { method: 'POST', headers, body })).text()
    }
    expect(await answerTo('text/event-stream', 240)).toContain('"limit":"runningBytes"')
    expect(await answerTo('multipart/mixed;subscriptionSpec=1.0', 241)).toContain('"limit":"runningBytes"')
    for (const socket of sockets) await socket.close()
    const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
    expect(await client.data('{ viewer { name } }')).toEqual({ viewer: { name: 'admin' } })
  })
})

it('answers that one token asks for and does not read are bounded in size and in total', async () => {
  const [kind = 'embedded'] = await testDatabaseKinds()
  await using database = await prepareTestDatabase(kind)
  const { server, origin } = await ServerProcess.serving(settingsOf(database))
  await using _server = server
  const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const hyperparameters = { long: 'x'.repeat(16_000) }
  for (let n = 0; n < 25; n += 1) {
    const input = { modelName: 'm', name: `job ${n}`, status: 'COMPLETED', hyperparameters }
    await client.data(REGISTER_JOB, { input })
  }
  const before = rssMb(server.pid)
  const connections: Socket[] = []
  // One answer would have 12 MB; the other has 2 MB, and is as large as its price allows.
  for (const aliases of [30, 5]) {
    const names = Array.from({ length: aliases }, (_, n) => `h${n}: hyperparameters`)
    const query = `{ trainingJobs(first: 25) { nodes { ${names.join(' ')} } } }`
    connections.push(...(await Promise.all(Array.from({ length: 41 }, () => unreadAnswer(origin, query)))))
  }
  expect(rssMb(server.pid) - before).toBeLessThan(WARM_MB + 100)
  for (const connection of connections) connection.destroy()
})

const REGISTER_JOB =
  'mutation ($input: RegisterTrainingJobInput!) { registerTrainingJob(input: $input) { __typename } }'

/** A connection with the answer to a query, of which no more is read than its beginning. */
async function unreadAnswer(origin: string, query: string): Promise<Socket> {
  const { hostname, port, host } = new URL(origin)
  const connection = connect(Number(port), hostname)
  const body = JSON.stringify({ query })
  const head = [
    'POST /graphql HTTP/1.1',
    `Host: ${host}`,
    `Authorization: Bearer ${ADMIN_TOKEN}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ]
  connection.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  await once(connection, 'data')
  return connection.pause()
}

/** A document of 1,100 names and braces that costs two points. */
function largeSubscription(one: number): string {
  return `subscription S${one} { deploymentEvents { cursor ${`${'...{'.repeat(8)}skipped${'}'.repeat(8)} `.repeat(60)} } }`
}

async function follower(origin: string, results: Queue<unknown>): Promise<WsTestClient> {
  const client = await WsTestClient.connect(origin, ADMIN_TOKEN)
  client.socket.on('message', (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString()) as WsMessage
    if (type === 'next') results.push(payload)
  })
  client.socket.once('close', () => results.end(new Error('The socket was closed.')))
  return client
}
