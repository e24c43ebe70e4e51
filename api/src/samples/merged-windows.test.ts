import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HistoryStore } from './history-store.ts'
import { mergedArrays, upsertMergedWindows } from './merged-window-columns.ts'
import { NOTHING_KNOWN } from '../metrics/window-metrics.ts'
import type { MergedWindow } from './merged-window.ts'
import { MergedWindows } from './merged-windows.ts'
import { Partitions } from './partitions.ts'

const MINUTE_MS = 60_000
const START_MS = Date.UTC(2026, 10, 23, 12)
const NOW_MS = START_MS + 3_600_000

function windowOf(given: Partial<MergedWindow>): MergedWindow {
  return {
    series: 1,
    resolutionMs: MINUTE_MS,
    windowStartMs: START_MS,
    coveredMs: MINUTE_MS,
    beforeMs: 0,
    firstSequence: 1,
    lastSequence: 60,
    ...NOTHING_KNOWN,
    requests: 2 ** 40,
    errors: 3,
    latencySumMs: 0.1 + 0.2,
    latencyMaxMs: 12.5,
    latency: new Uint8Array([1, 0]),
    promptTokens: null,
    generatedTokens: 2 ** 40,
    inFlight: 4,
    sources: { SIMULATED: 2 ** 40 },
    ...given,
  }
}

describe.each(await testDatabaseKinds())('stored merged windows on %s', (kind) => {
  let database: TestDatabase
  let windows: MergedWindows
  beforeAll(async () => {
    database = await createTestDatabase(kind)
    windows = new MergedWindows(database)
    const table = { table: 'merged_windows', resolutionMs: MINUTE_MS, widthMs: 1_800_000 } as const
    await new Partitions(database).ensure(table, START_MS, NOW_MS)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(() => database.pool.query('truncate merged_windows, resolution_heads, sample_heads'))

  const write = (rows: MergedWindow[]) => database.pool.query(upsertMergedWindows(1, 'true'), mergedArrays(rows))
  const read = async (series: number[], minutes: number, chunkRows?: number) => {
    const toMs = START_MS + minutes * MINUTE_MS
    const range = { series, resolutionMs: MINUTE_MS, fromMs: START_MS, toMs, ...(chunkRows && { chunkRows }) }
    const chunks: MergedWindow[][] = []
    for await (const chunk of windows.range(range)) chunks.push(chunk)
    return chunks
  }
  const head = async (key: number, minutes: number, { recorded = minutes + 1, isPaused = false } = {}) => {
    const at = (minute: number) => new Date(START_MS + minute * MINUTE_MS)
    await database.pool.query(
      `insert into resolution_heads values ($1, $2, 1, $3, 1)
        on conflict (deployment_key, resolution_ms) do update set merged_through = excluded.merged_through`,
      [key, MINUTE_MS, at(minutes)],
    )
    await database.pool.query(`insert into sample_heads values ($1, 1, $2, $3) on conflict do nothing`, [
      key,
      at(recorded),
      isPaused ? null : at(0),
    ])
  }
  /** In minutes. */
  const through = async (keys: number[]) => {
    const merged = await new HistoryStore(database).allMergedThrough(keys, [MINUTE_MS], NOW_MS)
    return ((merged.get(MINUTE_MS) ?? Number.NaN) - START_MS) / MINUTE_MS
  }

  it('give back what was written, to the last bit, and what was written over it', async () => {
    const fleet = windowOf({
      series: 0,
      firstSequence: null,
      lastSequence: null,
      latency: null,
      requests: null,
      errors: null,
    })
    await write([windowOf({}), fleet])
    expect(await read([1, 0], 1)).toEqual([
      [windowOf({}), fleet].map((window) => ({ ...window, latency: window.latency && Buffer.from(window.latency) })),
    ])
    await write([windowOf({ errors: 4, latency: null })])
    expect(await read([1], 1)).toEqual([[windowOf({ errors: 4, latency: null })]])
  })

  it('are read in chunks, each series ascending, in the order that was asked for', async () => {
    const rows = [3, 1, 2].flatMap((series) =>
      [0, 1, 2, 3, 4].map((n) => windowOf({ series, windowStartMs: START_MS + n * MINUTE_MS, latency: null })),
    )
    await write(rows.toReversed())
    const chunks = await read([3, 1, 2], 5, 10)
    expect(chunks.map(({ length }) => length)).toEqual([10, 5])
    expect(chunks.flat()).toEqual(rows)
    const short = await read([3, 1, 2], 5, 2)
    expect(short.flat()).toEqual(rows)
    expect(Math.max(...short.map(({ length }) => length))).toBe(2)
    expect((await read([3, 1, 2], 2, 10)).flat()).toEqual(
      rows.filter(({ windowStartMs }) => windowStartMs < START_MS + 2 * MINUTE_MS),
    )
  })

  it('of several are merged as far as that of the deployment that is merged least', async () => {
    await Promise.all([head(1, 59), head(2, 58), head(3, 57), head(4, 40)])
    const store = new HistoryStore(database)
    const ofEach = await Promise.all([1, 4, 9].map(async (key) => [...(await store.mergedThrough(key)).entries()]))
    expect(ofEach).toEqual([[[MINUTE_MS, START_MS + 59 * MINUTE_MS]], [[MINUTE_MS, START_MS + 40 * MINUTE_MS]], []])
    expect(await through([1, 2, 3])).toBe(57)
    expect(await through([1, 2, 4])).toBe(40)
  })

  it('do not wait for one of many that lags far behind', async () => {
    const keys = Array.from({ length: 11 }, (_, n) => n + 1)
    await Promise.all(keys.map((key) => head(key, key === 4 ? 40 : 58)))
    expect(await through(keys)).toBe(58)
    await head(5, 41)
    expect(await through(keys)).toBe(40)
  })

  it('are merged up to now where nothing is recorded and nothing is left to be merged', async () => {
    await Promise.all([head(1, 57, { isPaused: true, recorded: 57 }), head(2, 56, { isPaused: true })])
    expect(await through([1])).toBe(58)
    expect(await through([1, 2])).toBe(56)
  })
})
