/** How many pieces of light work one turn of the event loop begins. */
const PER_TURN = 8

interface Waiting {
  start: () => void
  isHeavy: () => boolean
}

/** What one caller has waiting, in order. */
interface Line {
  waiting: Waiting[]
  heavy: number
}

/**
 * Rations work that keeps the event loop busy: so many light pieces begin in each of its turns, or one heavy one, and
 * callers take theirs in rotation. So however much one caller asks for at once, others, timers and answers of the
 * database wait for a few pieces at most.
 */
export class Turns {
  readonly #maxHeavyWaiting: number
  readonly #refusal: () => Error
  /** By caller. The one whose turn is next comes first. */
  readonly #lines = new Map<string, Line>()
  /** What may still begin in this turn of the event loop. */
  #left = PER_TURN

  /** @param maxHeavyWaiting of one caller; heavy work beyond that is refused */
  constructor({ maxHeavyWaiting, refusal }: { maxHeavyWaiting: number; refusal: () => Error }) {
    this.#maxHeavyWaiting = maxHeavyWaiting
    this.#refusal = refusal
  }

  /**
   * Resolves when this work may begin, which it then does without waiting for anything else.
   * @param isHeavy asked again when its turn has come
   * @throws `refusal()` when this caller has too much heavy work waiting
   */
  async take(caller: string, isHeavy: () => boolean): Promise<void> {
    if (this.tryTake(isHeavy)) return
    const line = this.#lines.get(caller) ?? { waiting: [], heavy: 0 }
    const weighs = isHeavy() ? 1 : 0
    if (weighs === 1 && line.heavy >= this.#maxHeavyWaiting) throw this.#refusal()
    line.heavy += weighs
    await new Promise<void>((start) => {
      line.waiting.push({ start, isHeavy })
      this.#lines.set(caller, line)
    })
    line.heavy -= weighs
  }

  /** Whether this work may begin at once, which it then does. */
  tryTake(isHeavy: () => boolean): boolean {
    if (this.#lines.size > 0 || this.#left <= 0) return false
    if (this.#left === PER_TURN) setImmediate(() => this.#next())
    this.#left -= isHeavy() ? PER_TURN : 1
    return true
  }

  #next(): void {
    this.#left = PER_TURN
    for (const [caller, line] of this.#lines) {
      if (this.#left <= 0) break
      this.#lines.delete(caller)
      const first = line.waiting.shift()
      // To the end of the rotation.
      if (line.waiting.length > 0) this.#lines.set(caller, line)
      if (first === undefined) continue
      this.#left -= first.isHeavy() ? PER_TURN : 1
      first.start()
    }
    if (this.#left < PER_TURN) setImmediate(() => this.#next())
  }
}
