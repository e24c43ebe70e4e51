import { setTimeout as timeout } from 'node:timers/promises'
import type { PrismaClient } from '@gaugeline/prisma'
import type { Part } from '../base/lifecycle.ts'
import { Semaphore } from '../base/semaphore.ts'
import { TRANSACTION } from '../base/transaction.ts'
import type { SourceTransition } from '../recording/sources/source-health.ts'
import { type AppendedEvent, type EventRecords, lifecycleEvent } from './event-records.ts'

const RETRY_MS = 1000
/** Deployments whose changes are written at once: a network that fails takes hundreds of targets with it. */
const AT_ONCE = 4
/** As long as the note of a caller. */
const MAX_ERROR = 500
const KIND = { UP: 'SOURCE_UP', DEGRADED: 'SOURCE_DEGRADED', DOWN: 'SOURCE_DOWN' } as const
/** Who is said to have made such a change. */
const BY = 'Gaugeline'

export interface SourceChangesOptions {
  prisma: PrismaClient
  events: EventRecords
  /** Called for each attempt that failed; it is repeated. */
  onError: (error: unknown) => void
  /** Waits before the next attempt; rejects when the signal aborts. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/**
 * Writes and tells what a source that is not simulated has become: its status, an event of the deployment and its
 * webhooks, in one transaction. Those of a deployment are written in order. While the database fails, the newest one
 * waits and is tried again, so that in the end what is stored is how the source is.
 */
export class SourceChanges implements Part {
  readonly #options: SourceChangesOptions
  readonly #sleep: NonNullable<SourceChangesOptions['sleep']>
  /** By deployment, oldest first; the first one is being written. */
  readonly #waiting = new Map<number, SourceTransition[]>()
  readonly #running = new Set<Promise<void>>()
  readonly #permits = new Semaphore({ max: AT_ONCE, maxWaiting: Infinity, refusal: () => new Error('never refused') })
  readonly #stop = new AbortController()

  constructor(options: SourceChangesOptions) {
    this.#options = options
    this.#sleep = options.sleep ?? ((ms, signal) => timeout(ms, undefined, { signal }))
  }

  /** Lets the transactions in flight end. What still waits is found again by whoever asks the sources next. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled(this.#running)
  }

  /** Resolves when everything that was told so far is written; false when there was nothing to write. */
  async idle(): Promise<boolean> {
    const all = await Promise.allSettled(this.#running)
    return all.length > 0
  }

  /** Never throws. */
  onTransition(transition: SourceTransition): void {
    if (this.#stop.signal.aborted) return
    const waiting = this.#waiting.get(transition.deploymentKey)
    if (waiting !== undefined) {
      waiting.push(transition)
      return
    }
    this.#waiting.set(transition.deploymentKey, [transition])
    const running = this.#run(transition.deploymentKey).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #run(deploymentKey: number): Promise<void> {
    const waiting = this.#waiting.get(deploymentKey) ?? []
    try {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        if (await this.#isWritten(next)) waiting.shift()
        else {
          // What came before the newest one is over, and nobody was told in time.
          waiting.splice(0, waiting.length - 1)
          await this.#sleep(RETRY_MS, this.#stop.signal)
        }
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.onError(error)
    } finally {
      this.#waiting.delete(deploymentKey)
    }
  }

  /** False when it must be tried again. */
  async #isWritten(transition: SourceTransition): Promise<boolean> {
    const release = await this.#permits.acquire(this.#stop.signal)
    try {
      const event = await this.#write(transition)
      if (event !== null) this.#options.events.tell(event)
      return true
    } catch (error) {
      this.#options.onError(error)
      return false
    } finally {
      release()
    }
  }

  /**
   * Nothing is written for a deployment that is paused or deleted, for a source that was replaced since, and for what
   * is stored already.
   */
  async #write({ deploymentKey, status, error, atMs }: SourceTransition): Promise<AppendedEvent | null> {
    // Only a new source waits, and whoever made it has written that.
    if (status === 'WAITING') return null
    const { prisma, events } = this.#options
    const [at, lastError] = [new Date(atMs), error && storedError(error)]
    const isSame = { deploymentKey, status }
    return prisma.$transaction(async (tx) => {
      // Whoever stores samples leaves out a deployment whose head is locked, and would wait for a state that is.
      await tx.$queryRaw`select 1 from sample_heads where deployment_key = ${deploymentKey} for update`
      const { count } = await tx.sourceState.updateMany({
        where: { deploymentKey, status: { not: status }, since: { lte: at }, deployment: { status: 'ACTIVE' } },
        data: { status, since: at, lastError },
      })
      if (count === 0) {
        // It fails for another reason now, which is no event.
        await tx.sourceState.updateMany({ where: { ...isSame, since: { lte: at } }, data: { lastError } })
        return null
      }
      const deployment = await tx.deployment.findUniqueOrThrow({
        where: { key: deploymentKey },
        include: { model: true },
      })
      return events.append(tx, lifecycleEvent(KIND[status], deployment, at, { by: BY, note: lastError }))
    }, TRANSACTION)
  }
}

/** In one line: it may hold names from a target, and no database takes a text with a NUL. */
function storedError(error: string): string {
  return error
    .slice(0, MAX_ERROR)
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
}
