import { type Database, isMissingPartition } from '@gaugeline/prisma'
import pg from 'pg'

/** How long a drop waits for readers of a partition before it gives up until the next time. */
const DROP_WAIT_MS = 200
/** A span that would be cut into more partitions than this is a mistake. */
const MAX_PARTITIONS_AT_ONCE = 1000

/** A table that is partitioned by time, or the part of one that holds one resolution. */
export interface PartitionedTable {
  table: 'samples' | 'merged_windows'
  /** For merged_windows. */
  resolutionMs?: number
  /** How much time a new partition holds; those that are there keep their own. */
  widthMs: number
}

/** Times in [fromMs, toMs). */
interface Span {
  fromMs: number
  toMs: number
}

/**
 * Makes the partitions that windows are stored in, and drops old ones. What the catalog says is remembered, since it is
 * asked for with every sample; a database that was restored meanwhile is noticed by `writing`.
 */
export class Partitions {
  readonly #pool: pg.Pool
  /** By table and resolution: what is known to be stored somewhere; ascending, neighbours joined. */
  readonly #known = new Map<string, Span[]>()

  constructor({ pool }: Pick<Database, 'pool'>) {
    this.#pool = pool
  }

  /** Makes sure that windows that start in [fromMs, toMs] can be stored. */
  async ensure(table: PartitionedTable, fromMs: number, toMs: number): Promise<void> {
    const known = this.#known.get(keyOf(table))
    if (known?.some((span) => span.fromMs <= fromMs && toMs < span.toMs)) return
    const spans = await transaction(this.#pool, async (client) => {
      // Two servers, or two parts of one, don't make the same: the second finds what the first has made.
      await client.query(`select pg_advisory_xact_lock(hashtext('gaugeline.partitions'))`)
      const present = await readPartitions(client, table)
      const added = gaps(present, fromMs, toMs, table.widthMs)
      for (const span of added) await create(client, table, span)
      return [...present, ...added]
    })
    this.#known.set(keyOf(table), joined(spans))
  }

  /**
   * Ensures, then writes. What was written must have been rolled back when it fails: it is done again when a partition
   * that was known is there no more.
   */
  async writing<T>(table: PartitionedTable, windowStartsMs: Iterable<number>, write: () => Promise<T>): Promise<T> {
    const startsMs = [...windowStartsMs]
    await this.#ensureEach(table, startsMs)
    try {
      return await write()
    } catch (error) {
      if (!isMissingPartition(error)) throw error
      this.#known.clear()
      await this.#ensureEach(table, startsMs)
      return await write()
    }
  }

  /** Windows may be far apart: only the partitions that they are in are made. */
  async #ensureEach(table: PartitionedTable, startsMs: readonly number[]): Promise<void> {
    const { widthMs } = table
    const places = new Map(startsMs.map((ms) => [Math.floor(ms / widthMs), ms]))
    for (const ms of places.values()) {
      const fromMs = Math.floor(ms / widthMs) * widthMs
      await this.ensure(table, fromMs, fromMs + widthMs - 1)
    }
  }

  /**
   * Drops the partitions that end at or before a time, oldest first, and returns how many. It stops at one that a reader
   * holds for longer than a moment, which is dropped another time: nobody who writes waits for that reader.
   */
  async dropBefore(table: PartitionedTable, cutoffMs: number): Promise<number> {
    const old = (await readPartitions(this.#pool, table)).filter(({ toMs }) => toMs <= cutoffMs)
    if (old.length > 0) this.#known.delete(keyOf(table))
    let dropped = 0
    for (const { name } of old) {
      if (!(await this.#drop(name))) break
      dropped++
    }
    return dropped
  }

  async #drop(name: string): Promise<boolean> {
    const quoted = pg.escapeIdentifier(name)
    try {
      await transaction(this.#pool, async (client) => {
        await client.query(`set local lock_timeout = ${DROP_WAIT_MS}`)
        // Itself first: whoever drops it locks the whole table as well, where everybody would queue behind its readers.
        await client.query(`lock table ${quoted} in access exclusive mode`)
        await client.query(`drop table ${quoted}`)
      })
      return true
    } catch (error) {
      const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
      // Held by a reader (or in a deadlock with one), or dropped by somebody else.
      if (code === '55P03' || code === '40P01' || code === '42P01') return false
      throw error
    }
  }
}

function keyOf({ table, resolutionMs }: PartitionedTable): string {
  return `${table} ${resolutionMs ?? ''}`
}

async function transaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    await client.query('rollback').then(
      () => client.release(),
      () => client.release(true),
    )
    throw error
  }
}

/** What the catalog says, ascending. The partition that holds the samples of before an upgrade begins at no time. */
async function readPartitions(
  database: pg.Pool | pg.PoolClient,
  { table, resolutionMs }: PartitionedTable,
): Promise<(Span & { name: string })[]> {
  const { rows } = await database.query<Span & { name: string; resolutionMs: number | null }>(
    // FOR VALUES FROM ('2026-11-30 12:00:00+00') TO (…), with the resolution before the time where there is one.
    `select name, bound[1]::int as "resolutionMs",
        coalesce((extract(epoch from bound[2]::timestamptz) * 1000)::float8, '-Infinity') as "fromMs",
        (extract(epoch from bound[3]::timestamptz) * 1000)::float8 as "toMs"
      from (
        select c.relname as name, regexp_match(pg_get_expr(c.relpartbound, c.oid),
            'FROM \\((?:(\\d+), )?(?:MINVALUE|''([^'']+)'')\\) TO \\((?:\\d+, )?''([^'']+)''\\)') as bound
          from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = '${table}'::regclass
      ) p where bound is not null order by "toMs"`,
  )
  return rows.filter((row) => row.resolutionMs === (resolutionMs ?? null))
}

/** New partitions for the parts of [fromMs, toMs] that none holds: on a grid, but cut where a neighbour is. */
function gaps(present: readonly Span[], fromMs: number, toMs: number, widthMs: number): Span[] {
  const added: Span[] = []
  for (let atMs = Math.floor(fromMs / widthMs) * widthMs; atMs <= toMs; atMs += widthMs) {
    // What is left of one place in the grid, after the partitions that reach into it.
    let freeFromMs = atMs
    for (const span of [...present, { fromMs: atMs + widthMs, toMs: Infinity }]) {
      if (span.toMs <= freeFromMs) continue
      const freeToMs = Math.min(span.fromMs, atMs + widthMs)
      if (freeToMs > freeFromMs && freeToMs > fromMs && freeFromMs <= toMs) {
        added.push({ fromMs: freeFromMs, toMs: freeToMs })
      }
      freeFromMs = Math.max(freeFromMs, span.toMs)
    }
    if (added.length > MAX_PARTITIONS_AT_ONCE) throw new Error('a span of time would take too many partitions')
  }
  return added
}

/** Made alone and attached: to create it in place would wait for all who read the table, and they for it. */
async function create(client: pg.PoolClient, { table, resolutionMs }: PartitionedTable, span: Span): Promise<void> {
  const [from, to] = [new Date(span.fromMs).toISOString(), new Date(span.toMs).toISOString()]
  const digits = from.replace(/\..*$/, '').replaceAll(/[-:]/g, '').replace('T', '_')
  const name = pg.escapeIdentifier([table, ...(resolutionMs === undefined ? [] : [resolutionMs]), digits].join('_'))
  const bound = (time: string) => `(${resolutionMs === undefined ? '' : `${resolutionMs}, `}'${time}')`
  await client.query(`create table ${name} (like ${table} including defaults including constraints including storage)`)
  await client.query(`alter table ${table} attach partition ${name} for values from ${bound(from)} to ${bound(to)}`)
}

/** Neighbours become one. */
function joined(spans: readonly Span[]): Span[] {
  const all: Span[] = []
  for (const { fromMs, toMs } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = all.at(-1)
    if (last?.toMs === fromMs) last.toMs = toMs
    else all.push({ fromMs, toMs })
  }
  return all
}
