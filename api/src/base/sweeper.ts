import type { Part } from './lifecycle.ts'
import { SerialTask } from './serial-task.ts'

export interface SweeperOptions {
  everyMs: number
  /** The time that rows expire by, milliseconds since the epoch: asked once for each round. */
  now: () => Promise<number>
  /** Each removes one bounded batch and returns how many rows that was; it is called until nothing is left. */
  sweeps: readonly ((atMs: number) => Promise<number>)[]
  onError: (error: unknown) => void
}

/** Removes expired rows from time to time, batch by batch, so that no statement is long. */
export class Sweeper implements Part {
  readonly #options: SweeperOptions
  readonly #task: SerialTask
  #timer: NodeJS.Timeout | null = null
  #isStopped = false

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#task = new SerialTask(() => this.sweep(), options.onError)
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#task.requestIfIdle(), this.#options.everyMs)
  }

  /** Resolves after the batch in flight. */
  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer) clearInterval(this.#timer)
    await this.#task.stop()
  }

  /** Removes everything that is due. */
  async sweep(): Promise<void> {
    const { now, sweeps } = this.#options
    const atMs = await now()
    for (const sweep of sweeps) while (!this.#isStopped && (await sweep(atMs)) > 0);
  }
}
