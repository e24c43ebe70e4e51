import { randomBytes } from 'node:crypto'
import { MAX_FRAME_BYTES, SOCKET_MESSAGES } from '../../src/base/limits.ts'
import { type Connection, ConnectionRefused, type Follower, SocketConnection, StreamConnection } from './connections.ts'
import type { CrowdClient } from './crowd-client.ts'
import { SAMPLES, type Update } from './seen.ts'

const PATIENCE_MS = 20_000

interface Offence {
  what: string
  /** The close code it is answered with. */
  code: string
  commit: (connection: SocketConnection) => void
}

/** For all but the last two the socket has been acknowledged, and its first subscription has the id 1. */
const OFFENCES: [Offence, ...Offence[]] = [
  { what: 'no JSON', code: '4400', commit: ({ socket }) => socket.send('{"type":') },
  { what: 'no type', code: '4400', commit: (connection) => connection.send({}) },
  { what: 'an unknown type', code: '4400', commit: (connection) => connection.send({ type: 'shout' }) },
  { what: "a server's type", code: '4400', commit: (connection) => connection.send({ type: 'next', id: '1' }) },
  { what: 'a binary message', code: '4400', commit: ({ socket }) => socket.send(Buffer.from('{"type":"ping"}')) },
  { what: 'broken UTF-8', code: '1007', commit: ({ socket }) => socket.send(Buffer.from([0xff]), { binary: false }) },
  { what: 'a frame too large', code: '1009', commit: ({ socket }) => socket.send('x'.repeat(MAX_FRAME_BYTES + 1)) },
  {
    what: 'too many messages',
    code: '1008',
    commit(connection) {
      for (let n = 0; n < SOCKET_MESSAGES.capacity + 50; n += 1) connection.send({ type: 'ping' })
    },
  },
  {
    what: 'a second connection_init',
    code: '4429',
    commit: (connection) => connection.send({ type: 'connection_init' }),
  },
  {
    what: 'an id in use',
    code: '4409',
    commit: (connection) => connection.send({ type: 'subscribe', id: '1', payload: { query: SAMPLES } }),
  },
]

const EARLY_OFFENCES: [Offence, ...Offence[]] = [
  {
    what: 'an operation before its time',
    code: '4401',
    commit: (connection) => connection.send({ type: 'subscribe', id: '1', payload: { query: SAMPLES } }),
  },
  { what: 'no connection_init', code: '4408', commit: () => undefined },
]

/** Commits an offence, and waits for what it deserves: on this connection, or on one that has not said who it is. */
export async function offend(client: CrowdClient, connection: SocketConnection): Promise<void> {
  if (client.happens(0.2)) {
    const { what, code, commit } = client.oneOf(EARLY_OFFENCES)
    const stranger = await SocketConnection.open(client.plan.origin)
    commit(stranger)
    return await client.mustBeClosed(stranger, code, what)
  }
  const { what, code, commit } = client.oneOf(OFFENCES)
  client.provokes()
  commit(connection)
  await client.mustBeClosed(connection, code, what)
}

/** Asks with a wrong cursor or token, and checks the refusal. What the client follows beside must not suffer. */
export async function askWrongly(client: CrowdClient, connection: SocketConnection): Promise<void> {
  const { origin, deploymentIds } = client.plan
  const byStream = client.happens(0.5)
  if (client.happens(0.5)) {
    const wrong = client.happens(0.8) ? `gl_${randomBytes(32).toString('base64url')}` : 'nonsense'
    // 1013 and 429: this address has been wrong too often to be looked up, which those who are known must not notice.
    const expected = byStream ? ['401', '429'] : ['4401', '1013']
    const answer = await refusalOf(async () =>
      byStream ? await StreamConnection.open(origin, wrong, new Refused()) : await SocketConnection.open(origin, wrong),
    )
    if (!expected.some((code) => answer.startsWith(code))) client.fault(`a wrong token was answered with ${answer}`)
    client.count(`a wrong token: ${answer.slice(0, byStream ? 3 : 4)}`)
    return
  }
  const refused = new Refused({ id: client.oneOf([deploymentIds[0] ?? '']), after: wrongCursor(client) })
  if (byStream) {
    const stream = await StreamConnection.open(origin, client.token, refused)
    await client.within(stream.ended, PATIENCE_MS)
  } else connection.subscribe(refused)
  const answer = await client.within(refused.answer, PATIENCE_MS)
  if (answer?.includes('CURSOR_INVALID') !== true) client.fault(`a wrong cursor was answered with ${answer}`)
  client.count('a wrong cursor: CURSOR_INVALID')
}

/** No cursor at all, one of another deployment or of another log, or one beyond the head. */
function wrongCursor(client: CrowdClient): string {
  const cursor = client.seen.map(({ payload }) => payload.variables['after']).find((after) => after !== undefined)
  if (typeof cursor !== 'string' || client.happens(1 / 3)) return 'nonsense'
  const bytes = Buffer.from(cursor, 'base64url')
  if (client.happens(0.5)) bytes.writeUIntBE(2 ** 40, bytes.length - 6, 6)
  else bytes.fill(7, 9, 25)
  return bytes.toString('base64url')
}

/** Asks for what it is not to be given, and keeps the first answer. */
class Refused implements Follower {
  readonly payload: Follower['payload']
  readonly answer: Promise<string>
  fault: (what: string) => void = () => undefined

  constructor(variables: Record<string, unknown> = {}) {
    this.payload = { query: SAMPLES, variables }
    this.answer = new Promise((resolve) => {
      this.fault = resolve
    })
  }

  take(update: Update): void {
    this.fault(JSON.stringify(update))
  }
}

async function refusalOf(open: () => Promise<Connection>): Promise<string> {
  try {
    const connection = await open()
    connection.cut()
    return 'a connection'
  } catch (error) {
    if (error instanceof ConnectionRefused) return error.message
    throw error
  }
}
