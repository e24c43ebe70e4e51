import { beforeEach, describe, expect, it } from 'vitest'
import { LiveLog } from './live-log.ts'
import { LogSource, type LogSourceOptions, type LogUpdate } from './log-source.ts'

interface Entry {
  sequence: number
  /** Which of two deployments it is of. */
  of: 'a' | 'b'
}

const CAPACITY = 10
const entry = (sequence: number): Entry => ({ sequence, of: sequence % 3 === 0 ? 'a' : 'b' })
const END = { done: true, value: undefined }
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a source of a log', () => {
  /** What is stored: sequences `oldest` to `head`. */
  let stored: { oldest: number; head: number }
  let log: LiveLog<Entry>
  let ended: number
  let reads: number[]
  beforeEach(() => {
    stored = { oldest: 1, head: 0 }
    ended = 0
    reads = []
    open()
  })

  const readAfter = async (sequence: number, limit = 200) => {
    reads.push(sequence)
    return storedAfter(sequence).slice(0, limit)
  }
  const storedAfter = (sequence: number) => {
    const first = Math.max(sequence + 1, stored.oldest)
    return Array.from({ length: Math.max(0, stored.head - first + 1) }, (_, index) => entry(first + index))
  }
  /** The log as it is after a restart: nothing in memory. */
  const open = (read: (sequence: number, limit: number) => Promise<Entry[]> = readAfter) => {
    log = new LiveLog<Entry>({
      head: stored.head,
      capacity: CAPACITY,
      readAfter: read,
      onError: (error) => {
        throw error
      },
    })
  }
  const store = (count: number) => {
    for (let added = 0; added < count; added += 1) {
      stored.head += 1
      log.append(entry(stored.head))
    }
  }
  type Options = LogSourceOptions<Entry, LogUpdate<Entry>>
  const follow = (after: number, options: Partial<Options> = {}) =>
    new LogSource(log, {
      after,
      maxBehind: Infinity,
      payloadOf: (update: LogUpdate<Entry>) => update,
      onEnd: () => (ended += 1),
      ...options,
    })
  const text = (result: IteratorResult<LogUpdate<Entry>>) => {
    if (result.done) return 'end'
    const { entry: given, skipped } = result.value
    return skipped > 0 ? `${given.sequence} after ${skipped}` : String(given.sequence)
  }
  const take = async (follower: LogSource<Entry, LogUpdate<Entry>>, count: number) => {
    const taken: string[] = []
    while (taken.length < count) taken.push(text(await follower.next()))
    return taken
  }
  const numbers = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => String(first + index))

  it('gives the entries in the ring after its position, then each new one, without reading the store', async () => {
    store(5)
    const follower = follow(2)
    expect(await take(follower, 3)).toEqual(['3', '4', '5'])
    const next = take(follower, 2)
    store(1)
    await settled()
    store(1)
    expect(await next).toEqual(['6', '7'])
    expect(reads).toEqual([])
  })

  it('answers overlapping calls in the order they were made', async () => {
    store(2)
    const follower = follow(0)
    const calls = Array.from({ length: 5 }, () => follower.next())
    await settled()
    store(2)
    await settled()
    store(1)
    expect((await Promise.all(calls)).map(text)).toEqual(['1', '2', '3', '4', '5'])
  })

  it('waits without reading the store while its position is beyond the newest entry of the log', async () => {
    store(2)
    const follower = follow(4)
    const next = take(follower, 1)
    store(2)
    await settled()
    expect(reads).toEqual([])
    store(1)
    expect(await next).toEqual(['5'])
  })

  it('reads the store after falling out of the ring, and returns to the ring without a gap', async () => {
    store(500)
    const follower = follow(0)
    expect(await take(follower, 500)).toEqual(numbers(1, 500))
    const readBefore = reads.length
    store(5)
    expect(await take(follower, 5)).toEqual(numbers(501, 505))
    expect(reads).toHaveLength(readBefore)
  })

  it('gives entries that the store had before the log did, once', async () => {
    store(20)
    stored.head += 3
    const follower = follow(0)
    expect(await take(follower, 23)).toEqual(numbers(1, 23))
    const next = take(follower, 2)
    log.announce(stored.head)
    await settled()
    store(2)
    expect(await next).toEqual(['24', '25'])
  })

  it('counts the entries that retention removed before the first one left', async () => {
    store(30)
    stored.oldest = 8
    expect(await take(follow(2), 3)).toEqual(['8 after 5', '9', '10'])
    expect(await take(follow(6), 1)).toEqual(['8 after 1'])
    expect(await take(follow(7), 1)).toEqual(['8'])
  })

  it('reports with the next entry how many were removed, when retention has left none', async () => {
    store(30)
    stored.oldest = 31
    open()
    const next = take(follow(12), 2)
    await settled()
    store(2)
    expect(await next).toEqual(['31 after 18', '32'])
  })

  it('jumps forward when it is further behind than its bound, and reports exactly how far', async () => {
    store(100)
    expect(await take(follow(60, { maxBehind: 40 }), 2)).toEqual(['61', '62'])
    expect(await take(follow(59, { maxBehind: 40 }), 2)).toEqual(['61 after 1', '62'])
    const far = follow(0, { maxBehind: 5 })
    expect(await take(far, 5)).toEqual(['96 after 95', '97', '98', '99', '100'])
    store(6)
    expect(await take(far, 2)).toEqual(['102 after 1', '103'])
  })

  it('adds up a jump and the entries that retention removed after it', async () => {
    store(100)
    stored.oldest = 71
    expect(await take(follow(10, { maxBehind: 50 }), 2)).toEqual(['71 after 60', '72'])
  })

  it('adds up several jumps before the entry that reports them', async () => {
    const releases: (() => void)[] = []
    open(async (sequence) => {
      await new Promise<void>((resolve) => releases.push(resolve))
      return storedAfter(sequence)
    })
    store(100)
    const next = take(follow(0, { maxBehind: 50 }), 1)
    await settled()
    stored.oldest = 101
    releases.shift()?.()
    await settled()
    store(100)
    await settled()
    releases.shift()?.()
    expect(await next).toEqual(['151 after 150'])
  })

  it('ends at once while calls wait, and unsubscribes from the log', async () => {
    let unsubscribed = 0
    const onChange = log.onChange.bind(log)
    log.onChange = (wake) => {
      const unsubscribe = onChange(wake)
      return () => (unsubscribe(), void (unsubscribed += 1))
    }
    const follower = follow(0)
    const waiting = [follower.next(), follower.next()]
    await settled()
    expect([await follower.return(), unsubscribed]).toEqual([END, 1])
    expect(await Promise.all(waiting)).toEqual([END, END])
    store(1)
    expect(await follower.next()).toEqual(END)
    await follower.return()
    expect(ended).toBe(1)
  })

  it('gives nothing from a read that was in flight when it ended', async () => {
    let answer: (entries: Entry[]) => void = () => undefined
    open(() => new Promise((resolve) => (answer = resolve)))
    store(30)
    const follower = follow(0)
    const reading = follower.next()
    await settled()
    await follower.return()
    answer(storedAfter(0))
    expect(await reading).toEqual(END)
    expect(ended).toBe(1)
  })

  it('ends when an error is thrown into it, and rejects with that error', async () => {
    const follower = follow(0)
    const waiting = follower.next()
    await expect(follower.throw(new Error('enough'))).rejects.toThrow('enough')
    expect([await waiting, ended]).toEqual([END, 1])
  })

  it('rejects when the store cannot be read, and ends, as an iteration expects', async () => {
    let broken = true
    open(async (sequence) => {
      if (broken) throw new Error('gone')
      return storedAfter(sequence)
    })
    store(30)
    const taken: number[] = []
    const iteration = async () => {
      for await (const { entry: given } of follow(0)) taken.push(given.sequence)
    }
    await expect(iteration()).rejects.toThrow('gone')
    expect([taken, ended]).toEqual([[], 1])
    broken = false
    expect(await take(follow(0), 2)).toEqual(['1', '2'])
  })

  it('ends with a closed log after giving what the log held, also while it waits', async () => {
    store(3)
    const [waiting, slow, far] = [follow(3), follow(1), follow(0)]
    const next = waiting.next()
    await settled()
    store(20)
    log.close()
    expect(text(await next)).toBe('4')
    expect(await take(waiting, 20)).toEqual([...numbers(5, 23), 'end'])
    expect(await take(slow, 23)).toEqual([...numbers(2, 23), 'end'])
    expect(await take(far, 24)).toEqual([...numbers(1, 23), 'end'])
    expect(ended).toBe(3)
  })

  it('wakes when a log is closed without a new entry', async () => {
    const follower = follow(0)
    const waiting = follower.next()
    await settled()
    log.close()
    expect([await waiting, ended]).toEqual([END, 1])
  })

  it('leaves out entries that do not match, from the ring and from its own read, without counting them as skipped', async () => {
    const own: number[] = []
    const follower = follow(0, {
      matches: ({ of }) => of === 'a',
      readAfter: async (sequence) => {
        own.push(sequence)
        return storedAfter(sequence)
          .filter(({ of }) => of === 'a')
          .slice(0, 5)
      },
    })
    store(40)
    expect(await take(follower, 13)).toEqual(Array.from({ length: 13 }, (_, index) => String(3 * (index + 1))))
    expect(own[0]).toBe(0)
    expect(reads).toEqual([])
    const next = take(follower, 1)
    store(1)
    await settled()
    store(1)
    expect(await next).toEqual(['42'])
  })

  it('waits without reading the store again when no stored entry matches', async () => {
    let asked = 0
    store(40)
    const follower = follow(0, {
      matches: ({ sequence }) => sequence > 40,
      readAfter: async () => {
        asked += 1
        return []
      },
    })
    const next = take(follower, 1)
    await settled()
    expect(asked).toBe(1)
    store(1)
    expect(await next).toEqual(['41'])
    expect(asked).toBe(1)
  })
})
