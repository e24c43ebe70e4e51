import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { DatabaseStartError, reasonOf } from './database-start-error.ts'
import { hasEnded, type ProcessIdentity, thisProcess } from './process-identity.ts'

/** All in milliseconds. */
export interface LeaseTimes {
  /** How long a lease is valid unless it is renewed. */
  validMs: number
  renewMs: number
  /** How long a start waits for the lease of another server. */
  waitMs: number
  /** How often it asks meanwhile. */
  askMs: number
}

export const leaseTimes: LeaseTimes = { validMs: 10_000, renewMs: 3_000, waitMs: 15_000, askMs: 500 }

interface Holder extends ProcessIdentity {
  holder: string
}

/**
 * Keeps a second server away from a database, by a row that its server renews. A row also holds behind a pooler, and
 * ends with a host that has vanished. The clock is the database's.
 */
export class ServerLease {
  readonly #pool: pg.Pool
  readonly #times: LeaseTimes
  readonly #onError: (error: Error) => void
  readonly #holder = randomBytes(12).toString('base64url')
  readonly #process = thisProcess()
  readonly #lostListeners = new Set<(error: Error) => void>()
  readonly #ended = new AbortController()
  #lost: Error | null = null
  #renewing: Promise<void> | null = null

  /** @param onError called once for each time in which the lease cannot be renewed. */
  constructor(pool: pg.Pool, times: LeaseTimes, onError: (error: Error) => void) {
    this.#pool = pool
    this.#times = times
    this.#onError = onError
  }

  /**
   * Takes the lease, and renews it from then on. That of a process that has provably ended, and was not released, is
   * taken at once. Taking it again does nothing.
   *
   * @param onWait called once when another server holds it
   * @throws DatabaseStartError when the other one still holds it after `waitMs`; the reason of the signal
   */
  async take(onWait: () => void, signal?: AbortSignal): Promise<void> {
    if (this.#renewing !== null) return
    const giveUpAt = performance.now() + this.#times.waitMs
    let isWaiting = false
    while (!(await this.#take(null))) {
      const other = await this.#other()
      // Released meanwhile, or to be taken from.
      if (other === null || (hasEnded(other) && (await this.#take(other.holder)))) continue
      if (performance.now() >= giveUpAt) throw new DatabaseStartError(refusal(other))
      if (!isWaiting) onWait()
      isWaiting = true
      await sleep(this.#times.askMs, undefined, { signal })
    }
    this.#renewing = this.#renew()
  }

  /** Calls back once when another server has taken the lease, which it can when this one could not renew it. */
  onLost(listener: (error: Error) => void): void {
    if (this.#lost !== null) listener(this.#lost)
    else this.#lostListeners.add(listener)
  }

  /** Lets the next server start at once. */
  async release(): Promise<void> {
    this.#ended.abort()
    if (this.#renewing === null) return
    await this.#renewing
    if (this.#lost !== null) return
    await this.#pool
      .query('DELETE FROM server_lease WHERE holder = $1', [this.#holder])
      .catch((error: unknown) => this.#onError(failure('released, so the next start waits for its end', error)))
  }

  async #renew(): Promise<void> {
    let isFailing = false
    while (await this.#passes(this.#times.renewMs)) {
      try {
        // Also takes it again after an outage, unless another server was faster.
        const other = (await this.#take(null)) ? null : await this.#other()
        isFailing = false
        if (other !== null) return this.#loseTo(other)
      } catch (error) {
        if (!isFailing) this.#onError(failure('renewed', error))
        isFailing = true
      }
    }
  }

  /** Waits; false when the lease was released meanwhile. */
  async #passes(ms: number): Promise<boolean> {
    const { signal } = this.#ended
    try {
      await sleep(ms, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
    return !signal.aborted
  }

  #loseTo(other: Holder): void {
    this.#lost = new Error(`Another Gaugeline server (${nameOf(other)}) has taken over this database.`)
    for (const listener of this.#lostListeners) listener(this.#lost)
  }

  /**
   * Takes the lease if it is free, expired, this server's own, or that of `ended`. One that expires later than any
   * lease can was written before the clock of the database was set back.
   */
  async #take(ended: string | null): Promise<boolean> {
    const { host, pid, startedAt } = this.#process
    const { rowCount } = await this.#pool.query(
      `INSERT INTO server_lease AS l (id, holder, host, pid, started_at, expires_at)
       VALUES (1, $1, $2, $3, $4, clock_timestamp() + $5 * interval '1 ms')
       ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, host = excluded.host, pid = excluded.pid,
         started_at = excluded.started_at, expires_at = clock_timestamp() + $5 * interval '1 ms'
       WHERE l.holder IN ($1, $6)
         OR l.expires_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + 2 * $5 * interval '1 ms'`,
      [this.#holder, host, pid, startedAt, this.#times.validMs, ended],
    )
    return rowCount === 1
  }

  async #other(): Promise<Holder | null> {
    const { rows } = await this.#pool.query<Holder>(
      'SELECT holder, host, pid, started_at AS "startedAt" FROM server_lease WHERE holder <> $1',
      [this.#holder],
    )
    return rows[0] ?? null
  }
}

function refusal(other: Holder): string {
  return (
    `Another Gaugeline server (${nameOf(other)}) runs on the database of DATABASE_URL, and only one can: ` +
    'stop that server, or use another database.'
  )
}

function nameOf({ pid, host }: ProcessIdentity): string {
  return `process ${pid} on ${host}`
}

function failure(what: string, cause: unknown): Error {
  return new Error(`The lease of the database could not be ${what}: ${reasonOf(cause)}`, { cause })
}
