import type { Clock } from '../base/clock.ts'
import type { Part } from '../base/lifecycle.ts'
import { SerialTask } from '../base/serial-task.ts'
import type { Bus } from '../bus/bus.ts'
import { type AttemptOptions, attemptDelivery } from './attempt-delivery.ts'
import type { ClaimedDelivery, DeliveryOutcome } from './delivery.ts'
import type { DeliveryQueue } from './delivery-queue.ts'

const MAX_IN_FLIGHT = 8
/** Deliveries that another server or a moved clock made due are found within this time. */
const MAX_SLEEP_MS = 60_000
const AFTER_FAILURE_MS = 5000
/**
 * At a stop, attempts in flight have this long to finish; then they are aborted, and made again after the next start.
 */
const DRAIN_MS = 2000

export interface DeliveryWorkerOptions extends AttemptOptions {
  queue: DeliveryQueue
  bus: Bus
  clock: Clock
  /** Called with the outcome of each attempt. */
  onAttempt: (outcome: DeliveryOutcome) => void
  onError: (error: unknown) => void
}

/** Makes the deliveries that are due, then sleeps until the next one is due or something new comes. */
export class DeliveryWorker implements Part {
  readonly #options: DeliveryWorkerOptions
  readonly #inFlight = new Set<Promise<void>>()
  readonly #abort = new AbortController()
  #unsubscribe: (() => void) | null = null
  #timer: NodeJS.Timeout | null = null
  #isStopped = false
  #isFailing = false
  readonly #look: SerialTask

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options
    this.#look = new SerialTask(() => this.#lookAndSleep(), options.onError)
  }

  start(): void {
    const { bus } = this.#options
    const wake = () => this.#look.request()
    this.#unsubscribe = bus.subscribe('webhookOutbox', wake)
    wake()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unsubscribe?.()
    if (this.#timer) clearTimeout(this.#timer)
    await this.#look.stop()
    const timer = setTimeout(() => this.#abort.abort(), DRAIN_MS)
    await Promise.all(this.#inFlight)
    clearTimeout(timer)
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  /**
   * Starts what is due and sets the timer for the next look. A new outbox entry, or a free place, asks for a look
   * sooner.
   */
  async #lookAndSleep(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    const sleepMs = await this.#startDue().then(
      (untilDueMs) => {
        this.#isFailing = false
        return untilDueMs
      },
      (error: unknown) => {
        // Reported once per outage.
        if (!this.#isFailing) this.#options.onError(error)
        this.#isFailing = true
        return AFTER_FAILURE_MS
      },
    )
    if (!this.#isStopped) this.#timer = setTimeout(() => this.#look.request(), sleepMs)
  }

  /** Starts as many due deliveries as there is room for; returns how long to sleep, in milliseconds. */
  async #startDue(): Promise<number> {
    const { queue, clock } = this.#options
    const room = MAX_IN_FLIGHT - this.#inFlight.size
    if (room === 0) return MAX_SLEEP_MS
    const claimed = await queue.claim(room)
    for (const delivery of claimed) this.#startDelivery(delivery)
    if (claimed.length === room) return MAX_SLEEP_MS
    const next = await queue.nextDueAt()
    if (next === null) return MAX_SLEEP_MS
    return Math.min(Math.max(next.getTime() - clock.now(), 10), MAX_SLEEP_MS)
  }

  #startDelivery(delivery: ClaimedDelivery): void {
    const delivering = this.#deliver(delivery)
      .catch(this.#options.onError)
      .finally(() => {
        this.#inFlight.delete(delivering)
        this.#look.request()
      })
    this.#inFlight.add(delivering)
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    const { queue, clock } = this.#options
    const startedAt = clock.now()
    const begin = performance.now()
    let outcome
    try {
      outcome = await attemptDelivery(delivery, this.#options, this.#abort.signal)
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#options.onError(error)
      await queue.giveBack(delivery)
      return
    }
    const durationMs = Math.round(performance.now() - begin)
    this.#options.onAttempt(outcome)
    await queue.record(delivery, { at: new Date(startedAt).toISOString(), durationMs, ...outcome })
  }
}
