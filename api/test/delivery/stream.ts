import { sequenceOf } from '../process/documents.ts'

interface Update {
  cursor: string
  skipped: number
  metrics?: object
  event?: object
}

/** What was delivered at each place of each log: all who are given an entry must be given the same. */
export type Delivered = Map<string, string>

/** A subscription that outlives its connections: it keeps its last cursor, and checks all it is given. */
export class Stream {
  readonly name: string
  readonly query: string
  readonly #delivered: Delivered
  readonly #variables: Record<string, unknown>
  #cursor: string | undefined
  #begunAfter: number
  last: number | undefined
  received = 0
  skipped = 0
  /** Whether the client wants it now; what still comes after a `complete` is ignored. */
  isWanted = false
  readonly faults: string[] = []
  #wake: () => void = () => undefined

  /** @param headBefore the log's head before it subscribes: nothing older may come. */
  constructor(
    name: string,
    query: string,
    variables: Record<string, unknown>,
    options: { headBefore: number; delivered: Delivered },
  ) {
    this.name = name
    this.query = query
    this.#variables = variables
    this.#begunAfter = options.headBefore - 1
    this.#delivered = options.delivered
  }

  get variables(): Record<string, unknown> {
    return { ...this.#variables, after: this.#cursor ?? null }
  }

  take(payload: { data?: Record<string, Update> | null; errors?: unknown }): void {
    if (!this.isWanted) return
    const [update] = Object.values(payload.data ?? {})
    if (update === undefined) {
      this.fault(`no data: ${JSON.stringify(payload.errors)}`)
      return
    }
    const { cursor, skipped } = update
    const sequence = sequenceOf(cursor)
    if (this.last === undefined) {
      if (skipped !== 0 || sequence <= this.#begunAfter) this.fault(`began with ${sequence}, skipped ${skipped}`)
    } else if (sequence !== this.last + 1 + skipped) {
      this.fault(`${sequence} after ${this.last}, skipped ${skipped}`)
    }
    this.last = sequence
    this.#cursor = cursor
    this.received += 1
    this.skipped += skipped
    const place = `${this.query} ${JSON.stringify(this.#variables)} ${sequence}`
    const content = JSON.stringify(update.metrics ?? update.event)
    const before = this.#delivered.get(place)
    if (before === undefined) this.#delivered.set(place, content)
    else if (before !== content) this.fault(`${sequence} is ${content}, to others ${before}`)
    this.#wake()
  }

  fault(what: string): void {
    this.faults.push(`${this.name}: ${what}`)
    this.#wake()
  }

  /** Resolves when it has come to `sequence`, or something was wrong. */
  async reaches(sequence: number): Promise<void> {
    while ((this.last ?? 0) < sequence && this.faults.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
