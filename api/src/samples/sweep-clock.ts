import type { PrismaClient } from '@gaugeline/prisma'
import type { TimeSources } from '../base/clock.ts'
import type { SampleStore } from './sample-store.ts'

/** How fast the time that rows expire by may move, compared with the monotonic clock. */
const MAX_SPEED = 2

/**
 * The time that rows are removed by once they are old. What is removed can't be regained, so a wall clock that jumps
 * ahead is not believed: this clock follows it at most twice as fast as the monotonic clock, from the place where it was
 * last, which is stored. After an outage it lags, for as long as the outage took; then rows are kept a little longer.
 */
export class SweepClock {
  readonly #prisma: PrismaClient
  readonly #store: Pick<SampleStore, 'newestWindowEnd'>
  readonly #time: TimeSources
  #place: { ms: number; monotonicMs: number } | undefined

  constructor(prisma: PrismaClient, store: Pick<SampleStore, 'newestWindowEnd'>, time: TimeSources) {
    this.#prisma = prisma
    this.#store = store
    this.#time = time
  }

  /** Moves on and stores the new place. Milliseconds since the epoch, never later than the wall clock. */
  async now(): Promise<number> {
    const monotonicMs = this.#time.monotonic()
    this.#place ??= { ms: await this.#storedMs(), monotonicMs }
    const ms = Math.min(this.#time.wall(), this.#place.ms + MAX_SPEED * (monotonicMs - this.#place.monotonicMs))
    this.#place = { ms, monotonicMs }
    const sweptAt = new Date(ms)
    // Twice a minute for as long as the server runs: Prisma would plan an upsert anew each time.
    await this.#prisma.$executeRaw`insert into sweep_state (id, swept_at) values (1, ${sweptAt})
      on conflict (id) do update set swept_at = excluded.swept_at`
    return ms
  }

  /** Where it was last; in a database that was never swept, when the newest sample was recorded. */
  async #storedMs(): Promise<number> {
    const state = await this.#prisma.sweepState.findUnique({ where: { id: 1 } })
    return state?.sweptAt.getTime() ?? (await this.#store.newestWindowEnd()) ?? this.#time.wall()
  }
}
