import type { SampleEffect } from '../../samples/sample-store.ts'
import type { BaselineEffect } from '../../samples/source-states.ts'
import type { Baseline } from './cumulative.ts'

/**
 * What the next sample of one deployment counts from, as the store has it: the baseline that was written with the newest
 * sample. It is used only if that sample ends where it was taken, so nothing is ever counted twice; and it is read again
 * as soon as it is not sure that it is the stored one, so nothing is left out.
 */
export class StoredBaseline {
  /** Undefined: it has to be read. */
  #stored: Baseline | null | undefined
  /** How often it has had to be read: an answer to an earlier question does not count. */
  #questions = 1
  /** What everything was recorded through when it was asked for last. */
  #askedForMs: number | undefined
  /** Handed over with a sample of which it is not known whether it is stored. */
  #given: Baseline | null = null

  /**
   * The baseline that ends where the next sample begins; null for none; undefined while it has to be read.
   * @param recordedThroughMs of the request that is to be answered
   */
  at(recordedThroughMs: number): Baseline | null | undefined {
    const isOther = this.#stored?.atMs !== recordedThroughMs && this.#askedForMs !== recordedThroughMs
    // Another recorder may have stored the newest sample.
    if (this.#given !== null || (this.#stored !== undefined && isOther)) {
      this.#given = null
      this.#stored = undefined
      this.#questions += 1
    }
    if (this.#stored === undefined) {
      this.#askedForMs = recordedThroughMs
      return undefined
    }
    return this.#stored?.atMs === recordedThroughMs ? this.#stored : null
  }

  /** The number of the question that the store has to answer; undefined when there is none. */
  get question(): number | undefined {
    return this.#stored === undefined ? this.#questions : undefined
  }

  /** What the store holds. */
  read(baseline: Baseline | null, question: number): void {
    if (this.question === question) this.#stored = baseline
  }

  /** What a sample needs with it, so that the next one counts from there. */
  move({ baseline, ...figures }: BaselineEffect & { baseline: Baseline }): {
    effects: readonly SampleEffect[]
    onStored: () => void
  } {
    this.#given = baseline
    return {
      effects: [{ kind: 'baseline', data: { ...figures, baseline } satisfies BaselineEffect }],
      onStored: () => {
        if (this.#given !== baseline) return
        this.#stored = baseline
        this.#given = null
      },
    }
  }
}
