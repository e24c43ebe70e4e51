import { PING_MS } from '../../src/base/limits.ts'
import type { CrowdClient } from './crowd-client.ts'
import { askWrongly, offend } from './crowd-offences.ts'

/** One ping, one period to answer it, and one for a busy machine. */
const MUST_BE_CUT_MS = 3 * PING_MS
/** For what is on its way. */
const GRACE_MS = 10_000

/** What each kind does until it is time to behave. */
export const KINDS = {
  /**
   * Stops reading for good, and looks only much later. A WebSocket must be cut; a stream costs no more than it took.
   */
  async stalled(client: CrowdClient): Promise<void> {
    while (!client.isOver) {
      const connection = await client.connect()
      await client.pass(5, 20)
      client.stopReading()
      const stoppedAtMs = Date.now()
      if (client.happens(1 / 3)) await client.pass(24 * 3600)
      else await client.pass(60, 240)
      const mustBeCut = client.transport === 'websocket' && Date.now() - stoppedAtMs > MUST_BE_CUT_MS
      connection.readOn()
      const reason = await client.within(connection.ended, GRACE_MS)
      client.count(reason === undefined ? 'still served' : 'cut')
      if (mustBeCut && reason === undefined) client.fault('was not cut, though it had stopped reading')
      const newestAtMs = Math.max(...client.seen.map(({ lastAtMs }) => lastAtMs))
      if (mustBeCut && newestAtMs > stoppedAtMs + MUST_BE_CUT_MS)
        client.fault('was written to long after it had stopped')
      client.cut()
    }
  },

  /** Stops reading and reads on later; where it was cut meanwhile, it comes back. */
  async sleepy(client: CrowdClient): Promise<void> {
    let connection = await client.connect()
    while (!client.isOver) {
      await client.pass(5, 30)
      client.stopReading()
      await client.pass(1, 60)
      connection.readOn()
      const reason = await client.within(connection.ended, GRACE_MS)
      client.count(reason === undefined ? 'read on' : 'cut')
      if (reason === undefined) client.readsAgain()
      else connection = await client.connect()
    }
  },

  /** Reads less than it is sent, for minutes; then catches up. */
  async slow(client: CrowdClient): Promise<void> {
    let connection = await client.connect()
    while (!client.isOver) {
      await client.pass(2, 10)
      client.stopReading()
      const untilMs = Date.now() + client.random.between(120, 900) * 1000
      const seconds = client.random.between(2, 12)
      while (!client.isOver && Date.now() < untilMs && !connection.hasEnded) {
        connection.sip()
        await client.pass(seconds)
      }
      connection.readOn()
      const reason = await client.within(connection.ended, GRACE_MS)
      client.count(reason === undefined ? 'caught up' : 'cut')
      if (reason === undefined) client.readsAgain()
      else connection = await client.connect()
    }
  },

  /** Is gone without a word, and comes back. */
  async vanishing(client: CrowdClient): Promise<void> {
    while (!client.isOver) {
      await client.connect()
      await client.pass(5, 60)
      client.cut()
      client.count('vanished')
      await client.pass(0.1, 60)
    }
  },

  /** Leaves and joins subscriptions all the time, several a second. */
  async restless(client: CrowdClient): Promise<void> {
    while (!client.isOver) {
      const connection = await client.connectSocket()
      const left = new Set<CrowdClient['seen'][number]>()
      const untilMs = Date.now() + client.random.between(20, 120) * 1000
      while (!client.isOver && Date.now() < untilMs) {
        const one = client.seen[Math.floor(client.random.uniform() * client.seen.length)]
        if (one === undefined) throw new Error('It follows something.')
        if (left.delete(one)) {
          one.begins()
          connection.subscribe(one)
          client.count('joins')
        }
        // Who has just joined may leave before anything came.
        if (client.happens(0.5)) {
          left.add(one)
          connection.leave(one)
        }
        await client.pass(0.02, 0.4)
      }
      client.cut()
    }
  },

  /** Is cut at the same moment as all others of its kind, and returns with them. */
  async herd(client: CrowdClient): Promise<void> {
    const { herdPeriodMs } = client.plan
    while (!client.isOver) {
      await client.connect()
      await client.pass((herdPeriodMs - (Date.now() % herdPeriodMs)) / 1000)
      client.cut()
      client.count('returned')
    }
  },

  /** Sends what closes its socket, and comes back. */
  async offending(client: CrowdClient): Promise<void> {
    while (!client.isOver) {
      const connection = await client.connectSocket()
      await client.pass(2, 10)
      await offend(client, connection)
      client.cut()
      await client.pass(0.5, 20)
    }
  },

  /** Asks with wrong cursors and tokens, beside what it follows. */
  async asking(client: CrowdClient): Promise<void> {
    const connection = await client.connectSocket()
    while (!client.isOver) {
      await client.pass(3, 15)
      await askWrongly(client, connection)
    }
  },
}

export type Kind = keyof typeof KINDS

/** How many of a hundred are of each kind; how many subscriptions each has; and whether large ones. */
export const SHARES: Record<
  Kind,
  { share: number; subscriptions: [number, number]; isLarge?: true; socketsOnly?: true }
> = {
  stalled: { share: 12, subscriptions: [8, 20], isLarge: true },
  sleepy: { share: 15, subscriptions: [1, 16] },
  slow: { share: 6, subscriptions: [10, 14], isLarge: true },
  vanishing: { share: 18, subscriptions: [1, 8] },
  restless: { share: 10, subscriptions: [4, 12], socketsOnly: true },
  herd: { share: 22, subscriptions: [1, 4] },
  offending: { share: 11, subscriptions: [1, 4], socketsOnly: true },
  asking: { share: 6, subscriptions: [1, 3], socketsOnly: true },
}
