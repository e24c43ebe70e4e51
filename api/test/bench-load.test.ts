import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { EventStreamSubscriber } from '../bench/load/event-stream-subscriber.ts'
import type { Target } from '../bench/load/subscriber.ts'
import { Tally } from '../bench/load/tally.ts'
import { WebSocketSubscriber } from '../bench/load/websocket-subscriber.ts'

const INTERVAL_MS = 250
const BEGIN = Date.UTC(2026, 0, 1)

function message(nth: number, index = 0): Buffer {
  const id = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
  const metrics = { at: new Date(BEGIN + nth * INTERVAL_MS).toISOString(), requests: 1 }
  const sample = { cursor: `cursor ${nth}`, metrics, padding: 'x'.repeat(100) }
  return Buffer.from(JSON.stringify({ id, type: 'next', payload: { data: { inferenceMetrics: sample } } }))
}

function take(tally: Tally, subscription: number, nth: number): void {
  const bytes = message(nth)
  expect(tally.take(subscription, bytes, 0, bytes.length, BEGIN + (nth + 1) * INTERVAL_MS + 5)).toBe(true)
}

it('a tally sees holes, repetitions and who is behind, and how late samples came', () => {
  const tally = new Tally(3, INTERVAL_MS, { keepCursors: true })
  for (const nth of [0, 1, 2, 5]) take(tally, 0, nth)
  for (const nth of [3, 4, 4, 3, 5]) take(tally, 1, nth)
  take(tally, 2, 1)
  expect(tally.end(3)).toMatchObject({ delivered: 10, lost: 2, doubled: 2, behind: 1, p50Ms: 5, p99Ms: 5 })
  expect(tally.cursorOf(2)).toBe('cursor 1')
  tally.begin()
  take(tally, 0, 7)
  expect(tally.end(3)).toMatchObject({ delivered: 1, lost: 1, doubled: 0 })
})

it('a tally finds no sample in a message without one', () => {
  const tally = new Tally(1, INTERVAL_MS, { keepCursors: false })
  const bytes = Buffer.concat([Buffer.from('{"type":"connection_ack"}'), message(0)])
  expect(tally.take(0, bytes, 0, '{"type":"connection_ack"}'.length, 0)).toBe(false)
})

/** What a subscriber makes of an answer that comes in pieces of so many bytes: the samples, in order, and its end. */
async function received(transport: Target['transport'], answer: Buffer, pieceBytes: number) {
  const server = createServer((socket) => {
    socket.setNoDelay(true).once('data', () => {
      void (async () => {
        for (let at = 0; at < answer.length; at += pieceBytes) {
          socket.write(answer.subarray(at, at + pieceBytes))
          await new Promise((resolve) => setImmediate(resolve))
        }
        socket.end()
      })()
    })
    socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const target: Target = {
    transport,
    protocol: 'raw',
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    query: '',
    tokens: [],
    deploymentIds: transport === 'websocket' ? ['a', 'b'] : ['a'],
    intervalMs: INTERVAL_MS,
  }
  const samples: string[] = []
  const kind = transport === 'websocket' ? WebSocketSubscriber : EventStreamSubscriber
  const end = await new Promise<string>((resolve) => {
    const subscriber = new kind(
      target,
      { localAddress: undefined, token: undefined, after: undefined },
      {
        onOpen: () => samples.push('open'),
        onMessage: (index, bytes, from, to) => {
          const cursor = /cursor \d+/.exec(bytes.toString('latin1', from, to))?.[0]
          if (cursor !== undefined) samples.push(`${index} ${cursor}`)
          return cursor !== undefined
        },
        onEnd: resolve,
      },
    )
    expect(subscriber).toBeDefined()
  })
  server.close()
  return { samples, end }
}

function frame(payload: Buffer): Buffer {
  const head = Buffer.from([0x81, 126, 0, 0])
  head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

it.each([1, 3, 100, 10_000])('a WebSocket is read correctly in pieces of %i bytes', async (pieceBytes) => {
  const head = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n')
  const ping = Buffer.from([0x89, 0])
  const answer = Buffer.concat([head, frame(message(0)), ping, frame(message(1, 1)), frame(message(2))])
  expect(await received('websocket', answer, pieceBytes)).toEqual({
    samples: ['open', '0 cursor 0', '1 cursor 1', '0 cursor 2'],
    end: 'the connection was closed',
  })
})

it.each([1, 3, 100, 10_000])('an event stream is read correctly in pieces of %i bytes', async (pieceBytes) => {
  const event = (nth: number) => `event: next\ndata: ${message(nth).toString()}\n\n`
  const answer = Buffer.from(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
      chunk(':\n\n') +
      chunk(event(0) + event(1).slice(0, 50)) +
      chunk(event(1).slice(50)) +
      chunk('event: complete\ndata:\n\n'),
  )
  expect(await received('sse', answer, pieceBytes)).toEqual({
    samples: ['open', '0 cursor 0', '0 cursor 1'],
    end: 'said event: complete\ndata:',
  })
})
