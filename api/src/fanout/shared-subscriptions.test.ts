import { type ExecutionResult, parse } from 'graphql'
import { beforeEach, describe, expect, it } from 'vitest'
import { entriesSchema } from '../../test/entries-schema.ts'
import { SinkReader } from '../../test/sink-reader.ts'
import { UNLIMITED } from '../../test/unlimited-subscriptions.ts'
import { LiveLog } from './live-log.ts'
import { LatestValue } from './latest-value.ts'
import { LogSource } from './log-source.ts'
import { SharedMember } from './shared-group.ts'
import { SharedSubscriptions } from './shared-subscriptions.ts'

interface Entry {
  sequence: number
}

const CAPACITY = 10
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('shared subscriptions', () => {
  let log: LiveLog<Entry>
  let state: LatestValue<{ value: string }>
  let executions: number
  let failsToRead: boolean
  /** Retention has removed every stored entry. */
  let keepsNothing: boolean
  /** Callbacks that finish the pending executions of `slow`. */
  let held: (() => void)[]
  let shared: SharedSubscriptions
  let stored: number
  let open: number

  const schema = entriesSchema({
    entries: (after) => {
      open += 1
      return new LogSource(log, {
        after: after ?? Math.max(0, log.newest - 1),
        maxBehind: 40,
        payloadOf: ({ entry, skipped }) => ({ sequence: entry.sequence, skipped }),
        onEnd: () => (open -= 1),
      })
    },
    state: () => state.watch(),
    onExecute: () => (executions += 1),
    slow: (sequence) => new Promise((resolve) => held.push(() => resolve(sequence))),
  })

  beforeEach(() => {
    stored = 0
    executions = 0
    failsToRead = false
    held = []
    open = 0
    keepsNothing = false
    log = newLog(0)
    state = new LatestValue()
    shared = new SharedSubscriptions({
      present: (result) => ({ ...result, errors: result.errors?.map(() => ({ message: 'masked' })) }),
      ...UNLIMITED,
      maxCostPerCaller: 100,
    })
  })

  /** A log that has just been opened, with `head` entries stored. */
  const newLog = (head: number) =>
    new LiveLog<Entry>({
      head,
      capacity: CAPACITY,
      readAfter: async (sequence, limit) => {
        if (failsToRead) throw new Error('the store is gone')
        if (keepsNothing) return []
        const last = Math.min(stored, sequence + limit)
        return Array.from({ length: last - sequence }, (_, index) => ({ sequence: sequence + index + 1 }))
      },
      onError: () => undefined,
    })

  const store = (count: number) => {
    for (let added = 0; added < count; added += 1) {
      stored += 1
      log.append({ sequence: stored })
    }
  }

  const subscribe = async (
    query: string,
    {
      variables = {},
      access = 'READ',
      key = 'a',
      cost = 10,
      reader = new SinkReader(),
    }: Partial<{ variables: object; access: string; key: string; cost: number; reader: SinkReader }> = {},
  ) => {
    const args = { schema, document: parse(query), variableValues: { ...variables }, contextValue: { access } }
    const result = await shared.subscribe(args, { key, access, cost, bytes: 0, context: () => ({ access }) })
    if (!(result instanceof SharedMember)) throw new Error(`Not shared: ${JSON.stringify(result)}`)
    result.attach(reader)
    await settled()
    return { reader, member: result }
  }
  const ENTRIES = 'subscription ($after: SampleCursor) { entries(after: $after) { sequence skipped } }'

  it('execute and serialise an update once for subscribers with the same text', async () => {
    const one = await subscribe(ENTRIES)
    const other = await subscribe(ENTRIES, { key: 'b' })
    store(3)
    await settled()
    expect([one.reader.got, other.reader.got]).toEqual([
      ['1', '2', '3'],
      ['1', '2', '3'],
    ])
    expect(one.reader.messages[2]).toBe(other.reader.messages[2])
    expect(executions).toBe(3)
    expect(shared.counts).toEqual({ groups: 1, members: 2 })
  })

  it('form separate groups for different scopes or variables, but not for different cursors', async () => {
    store(3)
    const queries = 'subscription ($of: String) { entries(of: $of) { sequence secret } }'
    for (const of of ['a', 'b']) await subscribe(queries, { variables: { of } })
    await subscribe(queries, { variables: { of: 'a' }, access: 'READ,ADMIN' })
    await subscribe(queries, { variables: { of: null } })
    await subscribe(queries)
    expect(shared.counts.groups).toBe(5)
    await subscribe(ENTRIES, { variables: { after: 1 } })
    await subscribe(ENTRIES, { variables: { after: 2 } })
    await subscribe(ENTRIES, { variables: { after: 2, unheardOf: 1 } })
    expect(shared.counts.groups).toBe(6)
  })

  it('send a subscriber that resumes the same bytes that others were sent before', async () => {
    const live = await subscribe(ENTRIES)
    store(5)
    await settled()
    const late = await subscribe(ENTRIES, { variables: { after: 2 } })
    store(1)
    await settled()
    expect(late.reader.got).toEqual(['3', '4', '5', '6'])
    expect(late.reader.messages[0]).toBe(live.reader.messages[2])
    expect(executions).toBe(6)
  })

  it('wait for a reader that has stopped, which delays no other and misses nothing', async () => {
    const slow = await subscribe(ENTRIES)
    const fast = await subscribe(ENTRIES)
    store(1)
    await settled()
    slow.reader.isReady = false
    store(CAPACITY * 2)
    await settled()
    expect([slow.reader.got.length, fast.reader.got.length]).toEqual([1, CAPACITY * 2 + 1])
    slow.reader.readOn()
    await settled()
    store(1)
    await settled()
    expect(slow.reader.got).toEqual(fast.reader.got)
  })

  it('report skipped entries to the one reader that missed them, and not to the others', async () => {
    const slow = await subscribe(ENTRIES)
    const fast = await subscribe(ENTRIES)
    slow.reader.isReady = false
    store(60)
    await settled()
    slow.reader.readOn()
    await settled()
    expect(slow.reader.got[0]).toBe('21 after 20')
    expect(slow.reader.got).toHaveLength(40)
    expect(fast.reader.got.filter((text) => text.includes('after'))).toEqual([])
  })

  it('report with the next entry that everything a resuming subscriber missed has been removed', async () => {
    const fast = await subscribe(ENTRIES)
    store(5)
    keepsNothing = true
    log = newLog(5)
    const late = await subscribe(ENTRIES, { variables: { after: 2 } })
    const leaves = await subscribe(ENTRIES, { variables: { after: 1 } })
    await leaves.member.return()
    store(2)
    await settled()
    expect(late.reader.got).toEqual(['6 after 3', '7'])
    expect(leaves.reader.got).toEqual([])
    expect(fast.reader.got).toEqual(['1', '2', '3', '4', '5'])
  })

  it('keep the order when an execution takes long, also for a subscriber that joins meanwhile', async () => {
    const query = 'subscription { entries { sequence slow } }'
    const one = await subscribe(query)
    store(1)
    await settled()
    const other = await subscribe(query)
    store(2)
    await settled()
    for (let round = 0; round < 3; round += 1) {
      for (const answer of held.splice(0)) answer()
      await settled()
    }
    expect([one.reader.got, other.reader.got]).toEqual([
      ['1', '2', '3'],
      ['1', '2', '3'],
    ])
    expect(executions).toBe(3)
  })

  it('send nothing to a subscriber that left during an execution, and end its source', async () => {
    const { reader, member } = await subscribe('subscription { entries { sequence slow } }')
    const stays = await subscribe('subscription { entries { sequence slow } }')
    store(1)
    await settled()
    await member.return()
    for (const answer of held.splice(0)) answer()
    await settled()
    expect([reader.got, stays.reader.got]).toEqual([[], ['1']])
    expect([open, shared.counts]).toEqual([1, { groups: 1, members: 1 }])
    expect(await member.next()).toEqual({ done: true, value: undefined })
  })

  it('start a new group when the last member leaves while the next one joins', async () => {
    const first = await subscribe(ENTRIES)
    store(2)
    await settled()
    const joining = subscribe(ENTRIES, { variables: { after: 1 } })
    await first.member.return()
    const next = await joining
    store(1)
    await settled()
    expect(next.reader.got).toEqual(['2', '3'])
    expect(shared.counts).toEqual({ groups: 1, members: 1 })
    await next.member.return()
    expect([shared.counts, open]).toEqual([{ groups: 0, members: 0 }, 0])
  })

  it('end for every member when the log is closed, after delivering what it held', async () => {
    const one = await subscribe(ENTRIES)
    const slow = await subscribe(ENTRIES)
    slow.reader.isReady = false
    store(2)
    log.close()
    expect(await one.member.next()).toEqual({ done: true, value: undefined })
    slow.reader.readOn()
    expect(await slow.member.next()).toEqual({ done: true, value: undefined })
    expect([one.reader.got, slow.reader.got]).toEqual([
      ['1', '2'],
      ['1', '2'],
    ])
  })

  it('report a failed source to its own member, and continue for the others', async () => {
    const live = await subscribe(ENTRIES)
    store(CAPACITY * 2)
    failsToRead = true
    const resumed = await subscribe(ENTRIES, { variables: { after: 1 } })
    const { value } = (await resumed.member.next()) as { value: ExecutionResult }
    expect(value.errors?.[0]?.originalError?.message).toBe('the store is gone')
    expect(await resumed.member.next()).toEqual({ done: true, value: undefined })
    store(1)
    await settled()
    expect(live.reader.got.at(-1)).toBe(String(CAPACITY * 2 + 1))
  })

  it('share errors, masked', async () => {
    const one = await subscribe('subscription { entries { sequence broken } }')
    const other = await subscribe('subscription { entries { sequence broken } }')
    store(1)
    await settled()
    expect([one.reader.got, other.reader.got]).toEqual([['masked'], ['masked']])
  })

  it('give the current state first, then the newest one to each reader that is ready', async () => {
    state.set({ value: 'a' })
    const slow = await subscribe('subscription { state { value } }')
    const fast = await subscribe('subscription { state { value } }')
    slow.reader.isReady = false
    for (const value of ['b', 'c', 'd']) {
      state.set({ value })
      await settled()
    }
    slow.reader.readOn()
    await settled()
    expect([slow.reader.got, fast.reader.got]).toEqual([
      ['a', 'd'],
      ['a', 'b', 'c', 'd'],
    ])
  })

  it('are limited in what they cost one caller, where equal ones count once and other callers do not count', async () => {
    const query = 'subscription ($of: String) { entries(of: $of) { sequence } }'
    const first = await subscribe(query, { variables: { of: 'a' }, cost: 60 })
    await subscribe(query, { variables: { of: 'a' }, cost: 60 })
    const more = () => subscribe(query, { variables: { of: 'b' }, cost: 60 })
    await expect(more()).rejects.toThrow('too much: 120')
    expect([shared.counts, open]).toEqual([{ groups: 1, members: 2 }, 2])
    await subscribe(query, { variables: { of: 'b' }, cost: 60, key: 'b' })
    await first.member.return()
    await expect(more()).rejects.toThrow('too much')
    await (await subscribe(query, { variables: { of: 'c' }, cost: 40 })).member.return()
    await subscribe(query, { variables: { of: 'd' }, cost: 40 })
  })
})
