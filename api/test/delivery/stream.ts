import { sequenceOf } from '../process/documents.ts'

interface Update {
  cursor: string
  skipped: number
  metrics?: { at: string; coveredSeconds?: number }
  event?: object
}

interface StreamOptions {
  headBefore: number
  delivered: Delivered
  /** What began before this time, in milliseconds, may have lost samples to retention. */
  removedBeforeMs: () => number
}

/** The length of each sample. */
export const INTERVAL_MS = 10

/** What was delivered at each place of each log: all who are given an entry must be given the same. */
export type Delivered = Map<string, string>

/** A subscription that outlives its connections: it keeps its last cursor, and checks all it is given. */
export class Stream {
  readonly name: string
  readonly query: string
  readonly #delivered: Delivered
  readonly #variables: Record<string, unknown>
  readonly #removedBeforeMs: () => number
  /** The newest window, when it is one of windows: how it may come again. */
  #window: { at: string; count: number } | undefined
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
  constructor(name: string, query: string, variables: Record<string, unknown>, options: StreamOptions) {
    this.name = name
    this.query = query
    this.#variables = variables
    this.#begunAfter = options.headBefore - 1
    this.#delivered = options.delivered
    this.#removedBeforeMs = options.removedBeforeMs
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
    const isOfWindows = this.#variables['resolution'] !== undefined
    const began = update.metrics === undefined ? Infinity : Date.parse(update.metrics.at)
    // Of windows and ranges, what retention has removed meanwhile is missing.
    const isWhole = began >= this.#removedBeforeMs()
    if (isOfWindows) this.#takeWindow(sequence, skipped, update.metrics, isWhole)
    else if (this.last === undefined) {
      if (skipped !== 0 || sequence <= this.#begunAfter) this.fault(`began with ${sequence}, skipped ${skipped}`)
    } else if (sequence !== this.last + 1 + skipped) {
      this.fault(`${sequence} after ${this.last}, skipped ${skipped}`)
    }
    this.last = sequence
    this.#cursor = cursor
    this.received += 1
    this.skipped += skipped
    const isRange = this.#variables['over'] !== undefined || isOfWindows
    const place = `${this.query} ${JSON.stringify(this.#variables)} ${sequence}`
    const content = JSON.stringify(update.metrics ?? update.event)
    const before = this.#delivered.get(place)
    if (isRange && !isWhole) this.#delivered.delete(place)
    else if (before === undefined) this.#delivered.set(place, content)
    else if (before !== content) this.fault(`${sequence} is ${content}, to others ${before}`)
    this.#wake()
  }

  /** Each holds all samples after the last one, or is the last one again with more of them. */
  #takeWindow(sequence: number, skipped: number, metrics: Update['metrics'], isWhole: boolean): void {
    const { at = '', coveredSeconds = 0 } = metrics ?? {}
    const count = Math.round((coveredSeconds * 1000) / INTERVAL_MS)
    const already = this.#window?.at === at ? this.#window.count : 0
    const expected = (this.last ?? 0) + skipped + count - already
    if (this.last === undefined) {
      if (skipped !== 0 || sequence <= this.#begunAfter) this.fault(`began with ${sequence}, skipped ${skipped}`)
    } else if (sequence !== expected && (isWhole || sequence <= this.last)) {
      this.fault(`window ${at} of ${count} through ${sequence} after ${this.last}, skipped ${skipped}`)
    }
    this.#window = { at, count }
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
