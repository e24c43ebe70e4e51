import { type ExecutionResult, parse } from 'graphql'
import { beforeEach, describe, expect, it } from 'vitest'
import { entriesSchema } from '../../test/entries-schema.ts'
import { SinkReader } from '../../test/sink-reader.ts'
import { UNLIMITED } from '../../test/unlimited-subscriptions.ts'
import { LatestValue } from './latest-value.ts'
import { LiveLog, type LogEntry } from './live-log.ts'
import { LogSource } from './log-source.ts'
import { belongsToPosition } from './position.ts'
import { SharedMember } from './shared-group.ts'
import { SharedSubscriptions } from './shared-subscriptions.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))
const OWNERS = 'subscription ($after: SampleCursor) { entries(after: $after) { sequence owner { name } } }'
const SLOW = 'subscription ($after: SampleCursor) { entries(after: $after) { sequence slow } }'

describe('a message of a group', () => {
  let log: LiveLog<LogEntry>
  let owner: () => unknown
  let slow: (sequence: number) => unknown
  let executions: number
  let shared: SharedSubscriptions

  const schema = entriesSchema({
    entries: (after) =>
      new LogSource(log, {
        after: after ?? log.newest,
        maxBehind: 100,
        payloadOf: ({ entry, skipped }) => ({ sequence: entry.sequence, skipped }),
      }),
    state: () => new LatestValue().watch(),
    onExecute: () => (executions += 1),
    slow: (sequence) => slow(sequence),
    owner: () => owner(),
  })

  beforeEach(() => {
    executions = 0
    owner = () => 'nobody'
    slow = (sequence) => sequence
    log = new LiveLog<LogEntry>({ head: 0, capacity: 10, readAfter: async () => [], onError: () => undefined })
    shared = new SharedSubscriptions({
      present: ({ data, errors }) =>
        errors ? { errors: errors.map(({ message }) => ({ message })) } : { data: data! },
      ...UNLIMITED,
    })
  })

  const join = async (query: string, after?: number) => {
    const args = { schema, document: parse(query), variableValues: { after } }
    const member = await shared.subscribe(args, { key: 'a', access: '', cost: 1, bytes: 0, context: () => ({}) })
    if (!(member instanceof SharedMember)) throw new Error('refused')
    const reader = new SinkReader()
    member.attach(reader)
    await settled()
    return reader
  }
  const answers = ({ messages }: SinkReader) => messages.map(({ json }) => String(json))
  const namesIn = (reader: SinkReader) => answers(reader).map((text) => /"name":"(\w+)"/.exec(text)?.[1])
  const append = async (sequence: number) => {
    log.append({ sequence })
    await settled()
  }

  it('is made once for all who are live, also when it says more than what belongs to its position', async () => {
    const readers = [await join(OWNERS), await join(OWNERS)]
    owner = () => 'amira'
    await append(1)
    expect(readers.map(namesIn)).toEqual([['amira'], ['amira']])
    expect(executions).toBe(1)
  })

  it('is made once for all who were there when it happened, also for those who read it later', async () => {
    const readers = [await join(OWNERS), await join(OWNERS), await join(OWNERS)]
    for (const reader of readers.slice(1)) reader.isReady = false
    owner = () => 'amira'
    await append(1)
    owner = () => 'bo'
    for (const reader of readers.slice(1)) reader.readOn()
    await settled()
    expect(readers.map(namesIn)).toEqual([['amira'], ['amira'], ['amira']])
    expect(executions).toBe(1)
  })

  it('says what is true now of the rest, to a subscriber that resumes while another one follows', async () => {
    const live = await join(OWNERS)
    owner = () => 'amira'
    await append(1)
    owner = () => 'bo'
    expect([namesIn(await join(OWNERS, 0)), namesIn(live)]).toEqual([['bo'], ['amira']])
  })

  it('is read anew by many at once in two executions: none is older than the subscription', async () => {
    await join(OWNERS)
    await append(1)
    executions = 0
    const held: ((name: string) => void)[] = []
    owner = () => new Promise((resolve) => held.push(resolve))
    const readers: SinkReader[] = []
    while (readers.length < 20) readers.push(await join(OWNERS, 0))
    expect(held).toHaveLength(1)
    held[0]!('before')
    await settled()
    expect(held).toHaveLength(2)
    held[1]!('after')
    await settled()
    expect(readers.map(namesIn)).toEqual([['before'], ...Array.from({ length: 19 }, () => ['after'])])
    expect(executions).toBe(2)
    owner = () => 'later'
    expect(namesIn(await join(OWNERS, 0))).toEqual(['later'])
  })

  it.each(['at once', 'later'])(
    'with an error that comes %s is not given to those who resume after it',
    async (when) => {
      const live = await join(SLOW)
      slow = () => {
        if (when === 'at once') throw new Error('the database is gone')
        return Promise.reject(new Error('the database is gone'))
      }
      await append(1)
      expect(answers(live)).toEqual([expect.stringContaining('the database is gone')])
      slow = (sequence) => sequence
      const resumed = await join(SLOW, 0)
      expect(answers(resumed)).toEqual([JSON.stringify({ data: { entries: { sequence: 1, slow: 1 } } })])
      executions = 0
      expect((await join(SLOW, 0)).messages).toEqual(resumed.messages)
      expect(executions).toBe(0)
    },
  )

  it.each([
    ['subscription { entries { sequence skipped __typename } }', true],
    ['subscription { __typename entries { ...F } } fragment F on Entry { sequence ... { slow } }', true],
    ['subscription { state { value } }', true],
    ['subscription { entries { sequence owner { name } } }', false],
    ['subscription { entries { ...F } } fragment F on Entry { owner { ...G } } fragment G on Owner { name }', false],
    ['subscription A { state { value } } subscription B { entries { owner { name } } }', true],
  ])('belongs to its position, or not: %s', (query, belongs) => {
    const document = parse(query)
    const operationName = query.includes(' A ') ? 'A' : null
    expect(belongsToPosition({ schema, document, operationName })).toBe(belongs)
  })

  it('is not given any more when the log turns out to be of another history; every subscriber is told why', async () => {
    const args = { schema, document: parse(SLOW) }
    const member = await shared.subscribe(args, { key: 'a', access: '', cost: 1, bytes: 0, context: () => ({}) })
    if (!(member instanceof SharedMember)) throw new Error('refused')
    const reader = new SinkReader()
    member.attach(reader)
    const behind = await join(SLOW)
    behind.isReady = false
    await append(1)
    log.fail(new Error('set back'))
    const { value } = (await member.next()) as { value: ExecutionResult }
    expect(value.errors?.[0]?.originalError?.message).toBe('set back')
    expect((await member.next()).done).toBe(true)
    behind.readOn()
    await settled()
    expect([answers(reader).length, answers(behind).length]).toEqual([1, 0])
    expect(shared.counts).toEqual({ groups: 0, members: 0 })
  })
})
