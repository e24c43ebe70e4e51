import type { Clock } from '../base/clock.ts'
import type { Bus } from '../bus/bus.ts'
import { type AttemptOptions, attemptDelivery } from './attempt-delivery.ts'
import type { ClaimedDelivery } from './delivery.ts'
import type { DeliveryQueue } from './delivery-queue.ts'

const MAX_IN_FLIGHT = 8
/** What another server or a moved clock made due is found by then. */
const MAX_SLEEP_MS = 60_000
const AFTER_FAILURE_MS = 5000
/** What is under way at the stop may take this long; then it is broken off, and sent again after the next start. */
const DRAIN_MS = 2000

export interface DeliveryWorkerOptions extends AttemptOptions {
  queue: DeliveryQueue
  bus: Bus
  clock: Clock
  onError: (error: unknown) => void
}

/** Delivers what is due, and sleeps until the next delivery is, or until something new comes. */
export class DeliveryWorker {
  readonly #options: DeliveryWorkerOptions
  readonly #inFlight = new Set<Promise<void>>()
  readonly #breakOff = new AbortController()
  #unsubscribe: (() => void)[] = []
  #timer: NodeJS.Timeout | null = null
  #filling: Promise<void> | null = null
  #again = false
  #isRunning = false
  #isHeldUp = false

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options
  }

  start(): void {
    const { bus } = this.#options
    this.#isRunning = true
    const wake = () => this.#wake()
    this.#unsubscribe = [bus.subscribe('deploymentEvent', wake), bus.subscribe('webhookOutbox', wake)]
    this.#wake()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    if (this.#timer) clearTimeout(this.#timer)
    await this.#filling
    const timer = setTimeout(() => this.#breakOff.abort(), DRAIN_MS)
    await Promise.all(this.#inFlight)
    clearTimeout(timer)
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  /** Looks now, or once more after the look under way, which may have begun before the news. */
  #wake(): void {
    if (!this.#isRunning) return
    if (this.#filling) {
      this.#again = true
      return
    }
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#filling = this.#fill()
      .then((sleepMs) => {
        this.#isHeldUp = false
        return sleepMs
      })
      .catch((error: unknown) => {
        // Once for an outage.
        if (!this.#isHeldUp) this.#options.onError(error)
        this.#isHeldUp = true
        return AFTER_FAILURE_MS
      })
      .then((sleepMs) => {
        this.#filling = null
        if (!this.#isRunning) return
        this.#timer = setTimeout(() => this.#wake(), sleepMs)
        if (!this.#again) return
        this.#again = false
        this.#wake()
      })
  }

  /** Begins all that is due and has room; gives how long to sleep, unless something ends or comes before. */
  async #fill(): Promise<number> {
    const { queue, clock } = this.#options
    const room = MAX_IN_FLIGHT - this.#inFlight.size
    if (room === 0) return MAX_SLEEP_MS
    const claimed = await queue.claim(room)
    for (const delivery of claimed) this.#begin(delivery)
    if (claimed.length === room) return MAX_SLEEP_MS
    const next = await queue.nextDueAt()
    if (next === null) return MAX_SLEEP_MS
    return Math.min(Math.max(next.getTime() - clock.now(), 10), MAX_SLEEP_MS)
  }

  #begin(delivery: ClaimedDelivery): void {
    const delivering = this.#deliver(delivery)
      .catch(this.#options.onError)
      .finally(() => {
        this.#inFlight.delete(delivering)
        this.#wake()
      })
    this.#inFlight.add(delivering)
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    const { queue, clock } = this.#options
    const startedAt = clock.now()
    const begin = performance.now()
    let outcome
    try {
      outcome = await attemptDelivery(delivery, this.#options, this.#breakOff.signal)
    } catch (error) {
      if (!this.#breakOff.signal.aborted) this.#options.onError(error)
      await queue.giveBack(delivery)
      return
    }
    const durationMs = Math.round(performance.now() - begin)
    await queue.record(delivery, { at: new Date(startedAt).toISOString(), durationMs, ...outcome })
  }
}
