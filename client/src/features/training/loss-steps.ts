export interface LossStep {
  step: number
  loss: number
  accuracy?: number | null | undefined
}

/** With more steps than a screen has pixels, every other one is dropped. */
const MOST = 2000

/** The loss curve of one job: queried and live steps, each once, in order. Bounded. */
export class LossSteps {
  #byStep = new Map<number, LossStep>()
  #sorted: readonly LossStep[] = []
  readonly #listeners = new Set<() => void>()

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  add(steps: readonly LossStep[]): void {
    for (const step of steps) this.#byStep.set(step.step, step)
    let sorted = [...this.#byStep.values()].sort((a, b) => a.step - b.step)
    if (sorted.length > MOST) {
      sorted = sorted.filter((_, index) => index % 2 === 0 || index === sorted.length - 1)
      this.#byStep = new Map(sorted.map((step) => [step.step, step]))
    }
    this.#sorted = sorted
    for (const listener of this.#listeners) listener()
  }

  steps(): number[] {
    return this.#sorted.map(({ step }) => step)
  }

  losses(): number[] {
    return this.#sorted.map(({ loss }) => loss)
  }

  /** Whether every loss has a logarithm. */
  isPositive(): boolean {
    return this.#sorted.every(({ loss }) => loss > 0)
  }

  range(): [from: number, to: number] {
    const first = this.#sorted[0]?.step ?? 0
    const last = this.#sorted.at(-1)?.step ?? 0
    return [Math.min(0, first), Math.max(last, first + 1)]
  }

  /** The last step at or before `position`, or the first. */
  at(position: number): LossStep | undefined {
    return this.#sorted.findLast(({ step }) => step <= position) ?? this.#sorted[0]
  }
}
