import { EventEmitter } from 'node:events'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { SharedMessage } from '../fanout/shared-message.ts'
import { SocketWriter } from './socket-writer.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A socket whose kernel takes what is written at once, or when `take` is called. */
function openSocket({ isSlow = false, subscriptions = ['a', 'b'] } = {}) {
  const taken: Buffer[] = []
  let take = () => undefined as void
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, callback) {
      take = () => {
        taken.push(Buffer.from(chunk))
        callback()
      }
      if (!isSlow) take()
    },
  })
  const socket = Object.assign(new EventEmitter(), { OPEN: 1, readyState: 1 })
  const writer = new SocketWriter(socket as unknown as WebSocket, stream, new Set(subscriptions))
  return { writer, stream, socket, taken, take: () => take() }
}

/** The payloads of the text frames in what was taken, or of the pings. */
function payloadsIn(taken: readonly Buffer[], first = 0x81): string[] {
  const bytes = Buffer.concat(taken)
  const payloads: string[] = []
  for (let at = 0; at < bytes.length;) {
    const short = bytes[at + 1] ?? 0
    const head = short === 127 ? 10 : short === 126 ? 4 : 2
    const length = head === 10 ? Number(bytes.readBigUInt64BE(at + 2)) : head === 4 ? bytes.readUInt16BE(at + 2) : short
    if (bytes[at] === first) payloads.push(bytes.toString('utf8', at + head, at + head + length))
    at += head + length
  }
  return payloads
}

const messagesIn = (taken: readonly Buffer[]) => payloadsIn(taken).map((text) => JSON.parse(text) as unknown)
const pingsIn = (taken: readonly Buffer[]) => payloadsIn(taken, 0x89)

const next = (id: string, payload: unknown) => ({ id, type: 'next', payload })
const never = () => false

describe('a shared message', () => {
  it('is written once a turn with the others, in order, in frames of every size', async () => {
    const { writer, taken } = openSocket()
    const payloads = [1, 'ä'.repeat(100), 'b'.repeat(70_000), null].map((data) => ({ data }))
    for (const [at, payload] of payloads.entries()) {
      writer.sinkFor(`n${at}`, never).write(new SharedMessage(JSON.stringify(payload)))
    }
    await turn()
    expect(taken).toHaveLength(1)
    expect(messagesIn(taken)).toEqual(payloads.map((payload, at) => next(`n${at}`, payload)))
  })

  it('is written at once when it is live and its subscription is the only one of the socket', async () => {
    const { writer, taken } = openSocket({ subscriptions: ['a'] })
    const sink = writer.sinkFor('a', never)
    sink.write(new SharedMessage('1'), true)
    expect(messagesIn(taken)).toEqual([next('a', 1)])
    // Never before a message that waits for the end of the turn.
    sink.write(new SharedMessage('2'))
    sink.write(new SharedMessage('3'), true)
    expect(taken).toHaveLength(1)
    await turn()
    expect(messagesIn(taken)).toEqual([1, 2, 3].map((data) => next('a', data)))
    const other = openSocket()
    for (const id of ['a', 'b']) other.writer.sinkFor(id, never).write(new SharedMessage('1'), true)
    expect(other.taken).toHaveLength(0)
    await turn()
    expect(other.taken).toHaveLength(1)
  })

  it('stays intact until a slow reader takes it, whatever is written to other sockets', async () => {
    const slow = openSocket({ isSlow: true })
    const fast = openSocket()
    for (const data of ['first', 'other', 'third']) {
      slow.writer.sinkFor('s', never).write(new SharedMessage(`"${data}"`))
      await turn()
      fast.writer.sinkFor('f', never).write(new SharedMessage(`"${data.toUpperCase()}"`))
      await turn()
    }
    for (let write = 0; write < 3; write += 1) {
      slow.take()
      await turn()
    }
    expect(messagesIn(slow.taken)).toEqual(['first', 'other', 'third'].map((data) => next('s', data)))
    expect(messagesIn(fast.taken)).toEqual(['FIRST', 'OTHER', 'THIRD'].map((data) => next('f', data)))
  })

  it('is the same for sockets that follow the same, whatever the ids of their subscriptions are', async () => {
    const [one, two, three] = [1, 2, 3].map((data) => new SharedMessage(String(data).repeat(data)))
    const sent: [string, SharedMessage | undefined][][] = [
      [
        ['a', one],
        ['b', two],
        ['c', three],
      ],
      [
        ['x', one],
        ['y', two],
        ['z', three],
      ],
      [
        ['a', one],
        ['long', two],
        ['c', three],
      ],
      [
        ['a', one],
        ['c', three],
      ],
      [
        ['a', three],
        ['b', two],
        ['c', one],
      ],
      [
        ['a', three],
        ['b', two],
      ],
      [
        ['a', three],
        ['b', two],
        ['c', one],
      ],
    ]
    const sockets = sent.map(() => openSocket())
    for (const [at, messages] of sent.entries()) {
      for (const [id, message] of messages)
        if (message !== undefined) sockets[at]?.writer.sinkFor(id, never).write(message)
      // In some, a ping takes the place of what stood after the messages.
      if (at % 2 === 1) sockets[at]?.writer.ask()
    }
    await turn()
    for (const [at, messages] of sent.entries()) {
      const expected = messages.map(([id, message]) => next(id, JSON.parse(String(message?.json))))
      expect([at, messagesIn(sockets[at]?.taken ?? [])]).toEqual([at, expected])
    }
  })

  it('is dropped when its client unsubscribes in the same turn', async () => {
    const { writer, taken } = openSocket()
    let isUnsubscribed = false
    writer.sinkFor('a', () => isUnsubscribed).write(new SharedMessage('1'))
    writer.sinkFor('b', never).write(new SharedMessage('2'))
    isUnsubscribed = true
    await turn()
    expect(messagesIn(taken)).toEqual([next('b', 2)])
  })

  it('waits for a reader that has not confirmed what it was sent, and continues when it has', async () => {
    const { writer, socket, taken } = openSocket()
    const sink = writer.sinkFor('a', never)
    const message = new SharedMessage(JSON.stringify('x'.repeat(10_000)))
    let sent = 0
    while (sink.isReady && sent < 1000) {
      sink.write(message)
      sent += 1
      await turn()
    }
    // A quarter of a megabyte.
    expect(sent).toBe(27)
    let resumed = 0
    sink.onReady(() => (resumed += 1))
    for (const answer of ['', 'nonsense', '1e9']) socket.emit('pong', Buffer.from(answer))
    expect([sink.isReady, resumed]).toEqual([false, 0])
    socket.emit('pong', Buffer.from(pingsIn(taken)[0] ?? ''))
    expect([sink.isReady, resumed]).toEqual([true, 1])
  })
})

describe('a ping', () => {
  it('travels with the next messages, and goes by itself where there are none', async () => {
    const { writer, socket, taken } = openSocket()
    const sink = writer.sinkFor('a', never)
    writer.ask()
    sink.write(new SharedMessage('1'))
    await turn()
    writer.askNow()
    expect([taken.length, pingsIn(taken).length, writer.hasAnswered]).toEqual([1, 1, false])
    socket.emit('pong', Buffer.from(pingsIn(taken)[0] ?? ''))
    expect(writer.hasAnswered).toBe(true)
    writer.ask()
    writer.askNow()
    expect([taken.length, pingsIn(taken).length, messagesIn(taken).length]).toEqual([2, 2, 1])
  })
})
