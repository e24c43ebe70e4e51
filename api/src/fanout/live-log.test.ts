import { beforeEach, describe, expect, it } from 'vitest'
import { LiveLog } from './live-log.ts'

interface Entry {
  sequence: number
}

interface Read {
  after: number
  limit: number
  answer: (entries: Entry[]) => void
  fail: (error: Error) => void
}

const entries = (first: number, last: number): Entry[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => ({ sequence: first + index }))
const sequences = (kept: Entry[] | null) => kept?.map(({ sequence }) => sequence) ?? null
/** Resolves when everything has happened that can happen without another answer to a read. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a live log', () => {
  let reads: Read[]
  let errors: unknown[]
  beforeEach(() => {
    reads = []
    errors = []
  })

  /** A log whose reads wait until the test answers them. */
  const open = (head: number, capacity = 10) =>
    new LiveLog<Entry>({
      head,
      capacity,
      readAfter: (after, limit) =>
        new Promise((resolve, reject) => reads.push({ after, limit, answer: resolve, fail: reject })),
      onError: (error) => errors.push(error),
    })
  const wakes = (log: LiveLog<Entry>) => {
    const seen = { count: 0 }
    log.onChange(() => {
      seen.count += 1
    })
    return seen
  }
  const nextRead = (): Read => {
    const read = reads.shift()
    if (!read) throw new Error('nothing is being read')
    return read
  }

  it('gives the appended entries from any position in the ring, up to the limit', () => {
    const log = open(5)
    for (const entry of entries(6, 9)) log.append(entry)
    expect(sequences(log.kept(5, 64))).toEqual([6, 7, 8, 9])
    expect(sequences(log.kept(7, 64))).toEqual([8, 9])
    expect(sequences(log.kept(5, 2))).toEqual([6, 7])
    expect(sequences(log.kept(9, 64))).toEqual([])
    expect(log.newest).toBe(9)
    expect(reads).toEqual([])
  })

  it('says that entries older than the ring are not in memory, after opening and after the ring has wrapped around', () => {
    const log = open(5, 4)
    expect(log.kept(4, 64)).toBeNull()
    for (const entry of entries(6, 16)) log.append(entry)
    expect(log.kept(11, 64)).toBeNull()
    expect(sequences(log.kept(12, 64))).toEqual([13, 14, 15, 16])
  })

  it('ignores entries that it already has, and wakes no subscriber for them', () => {
    const log = open(0)
    for (const entry of entries(1, 3)) log.append(entry)
    const woken = wakes(log)
    log.append({ sequence: 2 })
    log.append({ sequence: 3 })
    log.announce(3)
    expect(sequences(log.kept(0, 64))).toEqual([1, 2, 3])
    expect(woken.count).toBe(0)
    expect(reads).toEqual([])
  })

  it('wakes each waiting subscriber once, and none that has unsubscribed', () => {
    const log = open(0)
    const [one, other] = [wakes(log), wakes(log)]
    let unsubscribed = 0
    log.onChange(() => {
      unsubscribed += 1
    })()
    log.append({ sequence: 1 })
    log.append({ sequence: 2 })
    expect([one.count, other.count, unsubscribed]).toEqual([1, 1, 0])
  })

  it('reads a hole from the store before it gives the entries after it', async () => {
    const log = open(2)
    const woken = wakes(log)
    log.append({ sequence: 5 })
    expect(sequences(log.kept(2, 64))).toEqual([])
    expect(woken.count).toBe(0)
    const read = nextRead()
    expect(read).toMatchObject({ after: 2 })
    read.answer(entries(3, 5))
    await settled()
    expect(sequences(log.kept(2, 64))).toEqual([3, 4, 5])
    expect(woken.count).toBe(1)
    expect(reads).toEqual([])
  })

  it('reads on when entries arrive while it reads a hole, one read at a time, and no entry twice', async () => {
    const log = open(0)
    log.append({ sequence: 3 })
    log.append({ sequence: 4 })
    log.append({ sequence: 5 })
    log.append({ sequence: 1 })
    expect(reads).toHaveLength(1)
    // The statement ran before 4 was stored.
    nextRead().answer(entries(1, 3))
    await settled()
    expect(sequences(log.kept(0, 64))).toEqual([1, 2, 3])
    const second = nextRead()
    expect(second).toMatchObject({ after: 3 })
    second.answer(entries(4, 6))
    await settled()
    expect(sequences(log.kept(0, 64))).toEqual([1, 2, 3, 4, 5, 6])
    log.append({ sequence: 6 })
    log.append({ sequence: 7 })
    expect(sequences(log.kept(4, 64))).toEqual([5, 6, 7])
    expect(reads).toEqual([])
  })

  it('misses no entry that arrives at the very moment a read ends', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const log = open(0)
      log.announce(1)
      nextRead().answer(entries(1, 1))
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      log.append({ sequence: 2 })
      await settled()
      reads.shift()?.answer(entries(2, 2))
      await settled()
      expect([turns, sequences(log.kept(0, 64))]).toEqual([turns, [1, 2]])
    }
  })

  it('reads only the part of a large hole that fits into the ring, and leaves the rest to the store', async () => {
    const log = open(3, 10)
    log.announce(1000)
    const read = nextRead()
    expect(read).toMatchObject({ after: 990 })
    // A subscriber before the hole must not take the entries in memory for the next ones.
    expect(log.kept(3, 64)).toBeNull()
    read.answer(entries(991, 1000))
    await settled()
    expect(log.kept(3, 64)).toBeNull()
    expect(log.kept(989, 64)).toBeNull()
    expect(sequences(log.kept(990, 64))).toEqual(entries(991, 1000).map(({ sequence }) => sequence))
  })

  it('reads all of a hole that is as large as the ring, in bounded reads', async () => {
    const log = open(0, 500)
    log.announce(500)
    while (reads.length > 0) {
      const { after, limit, answer } = nextRead()
      expect(limit).toBeLessThanOrEqual(200)
      answer(entries(after + 1, Math.min(500, after + limit)))
      await settled()
    }
    expect(log.kept(0, 1000)).toEqual(entries(1, 500))
  })

  it('reports a failed read, gives none of the missing entries, and reads again at the next entry', async () => {
    const log = open(1)
    log.append({ sequence: 3 })
    nextRead().fail(new Error('gone'))
    await settled()
    expect(errors).toEqual([new Error('gone')])
    expect(sequences(log.kept(1, 64))).toEqual([])
    expect(reads).toEqual([])
    log.append({ sequence: 4 })
    const again = nextRead()
    expect(again).toMatchObject({ after: 1 })
    again.answer(entries(2, 4))
    await settled()
    expect(sequences(log.kept(1, 64))).toEqual([2, 3, 4])
    expect(errors).toHaveLength(1)
  })

  it('reads again when the same head is announced after a failure', async () => {
    const log = open(1)
    log.announce(2)
    nextRead().fail(new Error('gone'))
    await settled()
    log.announce(2)
    nextRead().answer(entries(2, 2))
    await settled()
    expect(sequences(log.kept(1, 64))).toEqual([2])
  })

  it('restarts the ring after a gap left by retention, and does not mix entries from before and after it', async () => {
    const log = open(0)
    log.append({ sequence: 1 })
    log.append({ sequence: 8 })
    nextRead().answer(entries(6, 8))
    await settled()
    expect(log.kept(1, 64)).toBeNull()
    expect(log.kept(0, 64)).toBeNull()
    expect(sequences(log.kept(5, 64))).toEqual([6, 7, 8])
  })

  it('moves to the announced head when retention has removed every entry before it, and continues from there', async () => {
    const log = open(0)
    const woken = wakes(log)
    log.announce(9)
    nextRead().answer([])
    await settled()
    expect([log.newest, log.kept(0, 64), woken.count]).toEqual([9, null, 1])
    log.append({ sequence: 10 })
    expect(sequences(log.kept(9, 64))).toEqual([10])
  })

  it('reads what was announced during a read that found nothing', async () => {
    const log = open(0)
    log.announce(4)
    log.append({ sequence: 5 })
    nextRead().answer([])
    await settled()
    const second = nextRead()
    expect(second).toMatchObject({ after: 4 })
    second.answer(entries(5, 5))
    await settled()
    expect(sequences(log.kept(4, 64))).toEqual([5])
  })

  it('has caught up when the missing entries are read, also by a read that was already in flight', async () => {
    const log = open(0)
    log.announce(2)
    let caughtUp = false
    const catchUp = log.catchUp(4).then(() => {
      caughtUp = true
    })
    nextRead().answer(entries(1, 2))
    await settled()
    expect(caughtUp).toBe(false)
    nextRead().answer(entries(3, 4))
    await catchUp
    expect(sequences(log.kept(0, 64))).toEqual([1, 2, 3, 4])
    await log.catchUp(4)
  })

  it('stops catching up when the read fails, which its newest entry shows', async () => {
    const log = open(0)
    const catchUp = log.catchUp(3)
    nextRead().fail(new Error('gone'))
    await catchUp
    expect(log.newest).toBe(0)
    expect(errors).toHaveLength(1)
  })

  it('wakes all subscribers when it is closed, and accepts no more entries', async () => {
    const log = open(0)
    log.append({ sequence: 1 })
    const woken = wakes(log)
    log.close()
    log.append({ sequence: 2 })
    log.announce(9)
    await settled()
    expect([woken.count, log.isClosed, log.newest, reads.length]).toEqual([1, true, 1, 0])
    expect(sequences(log.kept(0, 64))).toEqual([1])
  })

  it('stops reading a hole when it is closed meanwhile', async () => {
    const log = open(0)
    log.announce(3)
    log.close()
    nextRead().answer(entries(1, 2))
    await settled()
    expect(reads).toEqual([])
    expect(errors).toEqual([])
  })
})
