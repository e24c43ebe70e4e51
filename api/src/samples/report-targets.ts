import type { Database } from '@gaugeline/prisma'
import type { ReportTarget } from './report-times.ts'

/** What is known is read again after this time, whatever is said of changes. */
const TTL_MS = 1000
const MAX_KNOWN = 10_000

interface Known {
  target: ReportTarget | undefined
  readAtMs: number
}

/** Which deployments take reports. Reads are coalesced, and kept for a second. */
export class ReportTargets {
  readonly #pool: Database['pool']
  readonly #defaultIntervalMs: number
  readonly #now: () => number
  readonly #known = new Map<string, Known>()
  #wanted = new Set<string>()
  #reading: Promise<void> | null = null

  /**
   * @param defaultIntervalMs the windows of a deployment that has no interval of its own
   * @param now monotonic milliseconds
   */
  constructor({ pool }: Pick<Database, 'pool'>, defaultIntervalMs: number, now: () => number) {
    this.#pool = pool
    this.#defaultIntervalMs = defaultIntervalMs
    this.#now = now
  }

  /** Something about deployments has changed. */
  forget(): void {
    this.#known.clear()
  }

  /** The deployment with this id, a uuid; undefined when there is none. */
  async find(id: string): Promise<ReportTarget | undefined> {
    const askedAtMs = this.#now()
    for (;;) {
      const known = this.#known.get(id)
      // However long the read took: otherwise a slow database would be asked again and again.
      const isFresh = known !== undefined && (known.readAtMs >= askedAtMs || this.#now() - known.readAtMs < TTL_MS)
      if (isFresh) return known.target
      this.#wanted.add(id)
      // A read that comes back to a cache that was emptied meanwhile is read again.
      const read = (this.#reading ??= this.#read())
      await read
    }
  }

  async #read(): Promise<void> {
    // In a turn of its own, so that all who ask in this one are answered by it.
    await Promise.resolve()
    const ids = [...this.#wanted]
    this.#wanted = new Set()
    this.#reading = null
    const readAtMs = this.#now()
    const { rows } = await this.#pool.query<ReportTarget>(
      `select d.id, d.key, d.source::text, coalesce(d.interval_ms, $2) as "intervalMs",
          (extract(epoch from h.recording_since) * 1000)::float8 as "recordingSinceMs",
          (extract(epoch from h.last_window_end) * 1000)::float8 as "lastWindowEndMs"
        from deployments d left join sample_heads h on h.deployment_key = d.key where d.id = any($1::uuid[])`,
      [ids, this.#defaultIntervalMs],
    )
    if (this.#known.size > MAX_KNOWN) this.#known.clear()
    for (const id of ids) this.#known.set(id, { target: rows.find((row) => row.id === id), readAtMs })
  }
}
