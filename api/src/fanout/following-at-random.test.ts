import { describe, expect, it } from 'vitest'
import { derive, Random, seedOf } from '../recording/sources/simulator/random.ts'
import { LiveLog } from './live-log.ts'
import { LogSource, type LogUpdate } from './log-source.ts'

const ROUNDS = 200
const ACTIONS = 120
const CAPACITY = 8

interface Entry {
  sequence: number
  of: 'a' | 'b'
}

interface Delivered {
  sequence: number
  skipped: number
  /** The head of the store when it was given. */
  headThen: number
}

interface Watched {
  follower: LogSource<Entry, LogUpdate<Entry>>
  after: number
  maxBehind: number
  only: 'a' | 'b' | null
  delivered: Delivered[]
  ended: boolean
}

/** A store, its log and the log's subscribers. Everything that happens is decided by `random`. */
class Round {
  readonly #random: Random
  /** Whether some of the log's own reads fail, and whether retention removes entries. */
  readonly #fails: boolean
  readonly removes: boolean
  readonly #entries: Entry[] = []
  #oldest = 1
  readonly #held: (() => void)[] = []
  /** The newest sequence that the log was given. */
  #hinted = 0
  readonly log: LiveLog<Entry>
  wasStuck = false
  readonly watched: Watched[] = []

  constructor(random: Random) {
    this.#random = random
    this.#fails = this.#chance(0.3)
    this.removes = this.#chance(0.4)
    for (let stored = this.#below(30); stored > 0; stored -= 1) this.#store()
    this.log = new LiveLog<Entry>({
      head: this.head,
      capacity: CAPACITY,
      readAfter: (sequence, limit) => this.#read(sequence, limit, null, this.#fails),
      onError: () => undefined,
    })
  }

  get head(): number {
    return this.#entries.length
  }

  stored(only: 'a' | 'b' | null): number[] {
    return this.#entries.filter(({ of }) => only === null || of === only).map(({ sequence }) => sequence)
  }

  async act(): Promise<void> {
    const choice = this.#below(20)
    if (choice < 7) this.#hint(this.#store())
    else if (choice === 7) this.#store()
    else if (choice === 8) for (let count = this.#below(4 * CAPACITY); count > 0; count -= 1) this.#store()
    else if (choice === 9) this.#hint(null)
    else if (choice === 10) this.#repeatHint()
    else if (choice === 11 && this.removes) this.#oldest += this.#below(Math.max(0, this.head - this.#oldest + 2))
    else if (choice === 12) this.#join()
    else if (choice < 16) this.#held.splice(this.#below(this.#held.length), 1)[0]?.()
    else for (let pulls = this.#below(6); pulls > 0; pulls -= 1) this.#pull(this.#any(this.watched))
    for (let turns = this.#below(5); turns > 0; turns -= 1) await Promise.resolve()
    if (this.#chance(0.2)) this.wasStuck ||= await this.#isStuck()
  }

  /** True when the log waits for no read and is still behind what it was given. */
  async #isStuck(): Promise<boolean> {
    await settled()
    return this.#held.length === 0 && !this.#fails && this.log.newest < this.#hinted
  }

  /** Gives all hints, answers all reads, and lets every subscriber read to the end of the closed log. */
  async finish(): Promise<void> {
    this.#hint(this.#store())
    while (this.log.newest < this.head) {
      this.log.announce(this.head)
      await this.#answerAll()
    }
    this.log.close()
    while (this.watched.some(({ ended }) => !ended)) {
      for (const watched of this.watched) this.#pull(watched)
      await this.#answerAll()
    }
  }

  #store(): Entry {
    const entry: Entry = { sequence: this.head + 1, of: this.#chance(0.3) ? 'a' : 'b' }
    this.#entries.push(entry)
    return entry
  }

  /** The log is given an entry, or the head only. */
  #hint(entry: Entry | null): void {
    if (entry) this.log.append(entry)
    else this.log.announce(this.head)
    this.#hinted = Math.max(this.#hinted, entry?.sequence ?? this.head)
  }

  /** A bus message that arrives twice, late or out of order. */
  #repeatHint(): void {
    const entry = this.#any(this.#entries)
    if (entry && entry.sequence >= this.#oldest) this.#hint(entry)
  }

  #join(): void {
    const only = this.removes || this.#chance(0.7) ? null : 'a'
    const maxBehind = only === null && this.#chance(0.5) ? 3 + this.#below(20) : Infinity
    const after = this.#chance(0.5) ? this.log.newest : this.#below(this.head + 1)
    const follower = new LogSource(this.log, {
      after,
      maxBehind,
      payloadOf: (update: LogUpdate<Entry>) => update,
      readAfter: (sequence) => this.#read(sequence, 1 + this.#below(12), only, false),
      ...(only === null ? {} : { matches: ({ of }: Entry) => of === only }),
    })
    this.watched.push({ follower, after, maxBehind, only, delivered: [], ended: false })
  }

  #pull(watched: Watched | undefined): void {
    if (!watched) return
    void watched.follower.next().then(({ done, value }) => {
      if (done) watched.ended = true
      else watched.delivered.push({ sequence: value.entry.sequence, skipped: value.skipped, headThen: this.head })
    })
  }

  /** Answers with what was stored when the statement ran: at once, or only when the answer is due. */
  #read(sequence: number, limit: number, only: 'a' | 'b' | null, mayFail: boolean): Promise<Entry[]> {
    const find = () =>
      this.#entries
        .filter((entry) => entry.sequence > sequence && entry.sequence >= this.#oldest)
        .filter(({ of }) => only === null || of === only)
        .slice(0, limit)
    const early = this.#chance(0.5) ? find() : null
    const fails = mayFail && this.#chance(0.3)
    return new Promise((resolve, reject) => {
      this.#held.push(() => (fails ? reject(new Error('gone')) : resolve(early ?? find())))
    })
  }

  async #answerAll(): Promise<void> {
    do {
      for (const answer of this.#held.splice(0)) answer()
      await settled()
    } while (this.#held.length > 0)
  }

  #any<T>(items: readonly T[]): T | undefined {
    return items[this.#below(items.length)]
  }

  #below(bound: number): number {
    return Math.floor(this.#random.uniform() * bound)
  }

  #chance(probability: number): boolean {
    return this.#random.uniform() < probability
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** What is wrong with what one subscriber was given; null when nothing is. */
function faultOf(watched: Watched, round: Round): string | null {
  const { after, maxBehind, only, delivered } = watched
  if (only !== null) {
    const wanted = round.stored(only).filter((sequence) => sequence > after)
    const given = delivered.map(({ sequence }) => sequence)
    if (given.join() !== wanted.join()) return `of ${only} after ${after}: ${given.join()} instead of ${wanted.join()}`
    return delivered.some(({ skipped }) => skipped > 0) ? 'entries that do not match were counted as skipped' : null
  }
  let position = after
  for (const { sequence, skipped, headThen } of delivered) {
    if (sequence <= position) return `${sequence} after ${position}: out of order, or twice`
    if (sequence - position - 1 !== skipped) return `${sequence} after ${position}, but ${skipped} skipped`
    const mayJump = headThen - position > maxBehind && headThen - (sequence - 1) >= maxBehind
    if (skipped > 0 && !round.removes && !mayJump) return `${skipped} skipped before ${sequence} without need`
    position = sequence
  }
  return position === round.head ? null : `ended at ${position} of ${round.head}`
}

describe('following a log at random', () => {
  it(`gives every subscriber each entry once, in order, and reports every gap, in ${ROUNDS} random rounds`, async () => {
    const seed = process.env['FOLLOWING_SEED'] ?? String(Date.now())
    const setting = `FOLLOWING_SEED=${seed}`
    console.log(setting)
    let followers = 0
    let skips = 0
    for (let number = 0; number < ROUNDS; number += 1) {
      const round = new Round(new Random(derive(seedOf(seed), number)))
      for (let action = 0; action < ACTIONS; action += 1) await round.act()
      await round.finish()
      expect([setting, number, round.wasStuck]).toEqual([setting, number, false])
      for (const watched of round.watched) {
        expect([setting, number, faultOf(watched, round)]).toEqual([setting, number, null])
        followers += 1
        skips += watched.delivered.filter(({ skipped }) => skipped > 0).length
      }
    }
    // Without subscribers and gaps, the test would prove nothing.
    expect(followers).toBeGreaterThan(ROUNDS)
    expect(skips).toBeGreaterThan(ROUNDS / 10)
  })
})
