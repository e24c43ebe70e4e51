/** Different refusals that a message tells; of more it says how many there are. */
const MAX_TOLD = 5

/** Collects why data points were refused, and puts it into one message. */
export class Refusals {
  readonly #byReason = new Map<string, number>()
  readonly #ignored = new Set<string>()
  #rejected = 0
  #taken = 0

  take(): void {
    this.#taken += 1
  }

  /** @param reason goes on after the name of the metric */
  add(metric: string, reason: string): void {
    const sentence = `${shown(metric)} ${reason}`
    this.#byReason.set(sentence, (this.#byReason.get(sentence) ?? 0) + 1)
    this.#rejected += 1
  }

  /** Of a metric that tells no figure: nothing to complain about beside one that does. */
  ignore(metric: string, points: number): void {
    if (points > 0) this.#ignored.add(metric)
  }

  outcome(size: number): { rejected: number; message: string } {
    const told = [...this.#byReason].slice(0, MAX_TOLD)
    const sentences = told.map(([sentence, count]) => (count > 1 ? `${sentence} (${count} data points)` : sentence))
    const untold = this.#byReason.size - told.length
    if (untold > 0) sentences.push(`And ${untold} more reasons.`)
    if (this.#rejected > 0) return { rejected: this.#rejected, message: sentences.join(' ') }
    if (this.#taken > 0 || this.#ignored.size === 0) return { rejected: 0, message: '' }
    const [first = ''] = this.#ignored
    const others = this.#ignored.size > 1 ? ` and ${this.#ignored.size - 1} more` : ''
    const message =
      `No metric of this request tells a figure that is recorded: ${shown(first)}${others}. ` +
      'Send those of OpenTelemetry for generative AI (gen_ai.server.request.duration), or a model server’s own.'
    return { rejected: size, message }
  }
}

function shown(metric: string): string {
  return metric.length > 100 ? `${metric.slice(0, 100)}…` : metric
}
