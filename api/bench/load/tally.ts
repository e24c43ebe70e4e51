import { Latencies } from './latencies.ts'

const AT = '"at":"'
const ID = '"id":"'
const CURSOR = '"cursor":"'
const ISO_LENGTH = '2026-01-01T00:00:00.000Z'.length
/** Of a subscription's id: eight, four, four, four, and twelve digits that number it. */
const ID_LENGTH = 36

/** What happened to the subscriptions of a process since the tally was begun. */
export interface Tallied {
  delivered: number
  /** Windows that came neither in turn nor later, and windows that came again. */
  lost: number
  doubled: number
  /** Subscriptions that have not been given the newest window but one. */
  behind: number
  /** From the end of its window to its arrival, in milliseconds. */
  p50Ms: number
  p99Ms: number
  bytesPerMessage: number
}

/** Counts samples by the start of their windows, without parsing them; of the messages it keeps nothing. */
export class Tally {
  /** Start of the newest window of each subscription; 0 before its first. */
  readonly lastAt: Float64Array
  readonly #intervalMs: number
  readonly #latencies = new Latencies()
  /** Cursors by their windows: all subscriptions of one deployment are given the same. */
  readonly #cursors: Map<number, string> | undefined
  #delivered = 0
  #lost = 0
  #doubled = 0
  #bytes = 0
  #text = ''
  #textMs = 0

  constructor(subscriptions: number, intervalMs: number, options: { keepCursors: boolean }) {
    this.lastAt = new Float64Array(subscriptions)
    this.#intervalMs = intervalMs
    this.#cursors = options.keepCursors ? new Map() : undefined
  }

  /** Takes the message between the bounds for a subscription; false when it holds no sample. */
  take(subscription: number, bytes: Buffer, from: number, to: number, nowMs: number): boolean {
    const at = bytes.indexOf(AT, from, 'latin1')
    if (at < 0 || at >= to) return false
    const atMs = this.#time(bytes.toString('latin1', at + AT.length, at + AT.length + ISO_LENGTH))
    if (this.#cursors?.has(atMs) === false) this.#keepCursor(atMs, bytes, from)
    const last = this.lastAt[subscription] ?? 0
    if (last > 0 && atMs <= last) this.#doubled += 1
    else {
      if (last > 0) this.#lost += Math.round((atMs - last) / this.#intervalMs) - 1
      this.lastAt[subscription] = atMs
    }
    this.#delivered += 1
    this.#bytes += to - from
    this.#latencies.add(nowMs - atMs - this.#intervalMs)
    return true
  }

  /** The cursor of the newest window that a subscription has. */
  cursorOf(subscription: number): string | undefined {
    return this.#cursors?.get(this.lastAt[subscription] ?? 0)
  }

  begin(): void {
    this.#delivered = this.#lost = this.#doubled = this.#bytes = 0
    this.#latencies.clear()
  }

  end(open: number): Tallied {
    const lastAt = this.lastAt.subarray(0, open)
    const newest = lastAt.reduce((max, each) => Math.max(max, each), 0)
    return {
      delivered: this.#delivered,
      lost: this.#lost,
      doubled: this.#doubled,
      behind: lastAt.filter((each) => each < newest - this.#intervalMs).length,
      p50Ms: this.#latencies.quantile(0.5),
      p99Ms: this.#latencies.quantile(0.99),
      bytesPerMessage: this.#bytes / this.#delivered,
    }
  }

  #time(text: string): number {
    if (text === this.#text) return this.#textMs
    this.#text = text
    return (this.#textMs = Date.parse(text))
  }

  #keepCursor(atMs: number, bytes: Buffer, from: number): void {
    const begin = bytes.indexOf(CURSOR, from, 'latin1') + CURSOR.length
    this.#cursors?.set(atMs, bytes.toString('latin1', begin, bytes.indexOf('"', begin, 'latin1')))
  }
}

/** The id of a socket's nth subscription, as long as those of published clients. */
export function subscriptionId(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
}

/** Which of its socket's subscriptions a message belongs to. */
export function indexOfMessage(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(ID, from, 'latin1') + ID.length + ID_LENGTH
  return ((bytes[end - 2] ?? 0) - 48) * 10 + ((bytes[end - 1] ?? 0) - 48)
}
