import { sleepUntilAborted } from '../../base/sleep.ts'
import type { SourceTransition } from './source-health.ts'

const RETRY_MS = 1000

interface TransitionQueueOptions {
  /** Writes a transition, and tells of it. */
  write: (transition: SourceTransition) => Promise<void>
  /** Called once for each time that transitions begin to fail. */
  onError: (error: unknown) => void
  /** Waits; ends early when aborted. Injected by tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Writes the transitions of each source one after the other, in order, and again until they are written. While one
 * can't be written, only the newest of those after it is kept: what is over was never told.
 */
export class TransitionQueue {
  readonly #options: TransitionQueueOptions
  readonly #stop = new AbortController()
  /** By deployment: what is written next, null for nothing. There is an entry as long as something is being written. */
  readonly #next = new Map<number, SourceTransition | null>()
  readonly #writing = new Set<Promise<void>>()
  #isFailing = false

  constructor(options: TransitionQueueOptions) {
    this.#options = options
  }

  push(transition: SourceTransition): void {
    if (this.#stop.signal.aborted) return
    const { deploymentKey: key } = transition
    const isWriting = this.#next.has(key)
    this.#next.set(key, transition)
    if (isWriting) return
    const writing = this.#write(key).finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /** Nothing more is told of this source: it is not the deployment's any longer. */
  forget(deploymentKey: number): void {
    if (this.#next.has(deploymentKey)) this.#next.set(deploymentKey, null)
  }

  /** Ends after what is being written. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#writing)
  }

  async #write(key: number): Promise<void> {
    const { write, onError, sleep = sleepUntilAborted } = this.#options
    const { signal } = this.#stop
    for (;;) {
      const transition = this.#next.get(key)
      if (transition == null) break
      try {
        await write(transition)
        this.#isFailing = false
        // Another one may have come meanwhile.
        if (this.#next.get(key) === transition) this.#next.set(key, null)
      } catch (error) {
        if (!this.#isFailing) onError(error)
        this.#isFailing = true
        if (!signal.aborted) await sleep(RETRY_MS, signal)
      }
      if (signal.aborted) break
    }
    this.#next.delete(key)
  }
}
