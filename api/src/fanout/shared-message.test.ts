import { describe, expect, it } from 'vitest'
import { SinkReader } from '../../test/sink-reader.ts'
import { LatestValue } from './latest-value.ts'
import { LiveLog, type LogEntry } from './live-log.ts'
import { LogSource } from './log-source.ts'
import { SharedGroup } from './shared-group.ts'
import { SharedMessage } from './shared-message.ts'
import type { SharedSource } from './shared-source.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))
const idOf = ({ event }: SharedMessage) => /^id: (.*)$/m.exec(event.toString())?.[1]

function groupOf<P>(source: SharedSource<P>): SharedGroup<P> {
  return new SharedGroup({
    feed: source.feed,
    render: (update) => new SharedMessage(JSON.stringify({ data: { update } }), source.feed.idOf?.(update)),
    isOfPosition: true,
    maxKeptBytes: () => 10_000,
    onEmpty: () => undefined,
  })
}

describe('a shared message', () => {
  it('has its id in the event and its chunk, and not in the JSON', () => {
    const message = new SharedMessage('{"a":"é"}', 'x1')
    const event = 'id: x1\nevent: next\ndata: {"a":"é"}\n\n'
    expect([message.json, message.event].map(String)).toEqual(['{"a":"é"}', event])
    expect(String(message.eventChunk)).toBe(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`)
    expect(String(new SharedMessage('1').event)).toBe('event: next\ndata: 1\n\n')
  })

  it('of a log has the id of its position, made once for all readers, and alone for one that skipped entries', async () => {
    let ids = 0
    const log = new LiveLog<LogEntry>({ head: 0, capacity: 3, readAfter: async () => [], onError: () => undefined })
    const source = (after: number) =>
      new LogSource(log, {
        after,
        maxBehind: 2,
        payloadOf: ({ entry, skipped }) => ({ ...entry, skipped }),
        startId: `after ${after}`,
        idOf: ({ sequence }) => {
          ids += 1
          return `after ${sequence}`
        },
      })
    const first = source(0)
    const group = groupOf(first)
    const readers = [new SinkReader(), new SinkReader()]
    const members = [first, source(0)].map((one) => group.join(one, () => undefined))
    expect(members.map(({ id }) => id)).toEqual(['after 0', 'after 0'])
    for (const [at, member] of members.entries()) member.attach(readers[at]!)
    ids = 0
    for (let sequence = 1; sequence <= 3; sequence += 1) {
      log.append({ sequence })
      await settled()
    }
    expect(readers.map(({ messages }) => messages.map(idOf))).toEqual(
      Array.from(readers, () => ['after 1', 'after 2', 'after 3']),
    )
    expect(ids).toBe(3)

    const late = new SinkReader()
    group.join(source(0), () => undefined).attach(late)
    await settled()
    expect([late.got, late.messages.map(idOf)]).toEqual([
      ['2 after 1', '3'],
      ['after 2', 'after 3'],
    ])
    expect(late.messages[1]).toBe(readers[0]?.messages[2])
  })

  it('of a state has no id', async () => {
    const state = new LatestValue<number>()
    state.set(1)
    const source = state.watch()
    const reader = new SinkReader()
    const member = groupOf(source).join(source, () => undefined)
    member.attach(reader)
    await settled()
    expect([member.id, reader.messages.map(idOf)]).toEqual([undefined, [undefined]])
  })
})
