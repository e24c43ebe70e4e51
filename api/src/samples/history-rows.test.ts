import { describe, expect, it } from 'vitest'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import { HistoryRows, type LookBack } from './history-rows.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

const WIDTHS = [10_000, MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY]

/** Of which minutes something was recorded, and what was asked for. */
function historyOf(minutes: readonly number[], { keptMs = 10_000, mergedToMs = Infinity } = {}) {
  const asked: { fromMs: number; toMs: number; maxPoints: number; resolutionMs: number }[] = []
  const lookBack: LookBack = async (_series, { fromMs, toMs, maxPoints }) => {
    const fits = (width: number) => Math.ceil(toMs / width) - Math.floor(fromMs / width) <= maxPoints
    let width = WIDTHS.find((each) => each >= keptMs && fits(each)) ?? 7 * DAY
    while (!fits(width)) width += 7 * DAY
    asked.push({ fromMs, toMs, maxPoints, resolutionMs: width })
    // Rounded outwards where only longer windows are kept.
    const [from, to] = [Math.floor(fromMs / keptMs) * keptMs, Math.min(mergedToMs, Math.ceil(toMs / keptMs) * keptMs)]
    const points = new Map<number, MetricsSummary>()
    for (const ms of minutes.map((minute) => NOON + minute * MINUTE)) {
      if (ms < from || ms >= to) continue
      const atMs = Math.floor(ms / width) * width
      const requests = (points.get(atMs)?.requests ?? 0) + 1
      points.set(atMs, { atMs, windowMs: width, coveredMs: 0, requests } as MetricsSummary)
    }
    return { points: [...points.values()], toMs: to }
  }
  return { lookBack, asked }
}

const minutes = (count: number, from = 0) => Array.from({ length: count }, (_, minute) => from + minute)

async function rowsOf(
  lookBack: LookBack,
  { fromMs = NOON, toMs = NOON + DAY, resolutionMs = MINUTE, nowMs = NOON + YEAR } = {},
) {
  const rows: MetricsSummary[] = []
  const series = { kind: 'deployment', id: 'one', key: 1 } as const
  for await (const some of new HistoryRows(lookBack, () => nowMs).of({ series, fromMs, toMs, resolutionMs })) {
    rows.push(...some)
  }
  return rows
}
const starts = (rows: readonly MetricsSummary[]) => rows.map(({ atMs }) => (atMs - NOON) / MINUTE)

describe('rows from histories', () => {
  it('are every window of the resolution, from ranges of a few hundred of them', async () => {
    const { lookBack, asked } = historyOf(minutes(1440))
    const rows = await rowsOf(lookBack)
    expect(starts(rows)).toEqual(minutes(1440))
    expect(new Set(rows.map(({ windowMs }) => windowMs))).toEqual(new Set([MINUTE]))
    expect(Math.max(...asked.map(({ maxPoints }) => maxPoints))).toBe(240)
  })

  it('begin and end within the range, wherever that begins and ends', async () => {
    const { lookBack } = historyOf(minutes(1440))
    const range = { fromMs: NOON + 7 * MINUTE, toMs: NOON + 1000 * MINUTE }
    expect(starts(await rowsOf(lookBack, range))).toEqual(minutes(993, 7))
  })

  it('of a long time with nothing in it are found in a few steps', async () => {
    const { lookBack, asked } = historyOf([...minutes(3), ...minutes(2, 300_000)])
    const range = { fromMs: 0, toMs: NOON + YEAR, resolutionMs: 10_000 }
    expect(starts(await rowsOf(lookBack, range))).toEqual([0, 1, 2, 300_000, 300_001])
    expect(asked.length).toBeLessThan(30)
    const empty = historyOf([])
    expect(await rowsOf(empty.lookBack, { ...range, toMs: Date.UTC(2200, 0) })).toEqual([])
    expect(empty.asked).toHaveLength(1)
  })

  it('are longer where only longer windows are kept, and none of those twice', async () => {
    const { lookBack } = historyOf(minutes(1440), { keptMs: HOUR })
    const rows = await rowsOf(lookBack, { resolutionMs: 1000 })
    expect(starts(rows)).toEqual(minutes(24).map((hour) => hour * 60))
    expect(rows.map(({ requests }) => requests)).toEqual(minutes(24).map(() => 60))
  })

  it('end where nothing is merged yet, and are not asked for in the future', async () => {
    const merged = historyOf(minutes(1440), { mergedToMs: NOON + 500 * MINUTE })
    expect(starts(await rowsOf(merged.lookBack))).toEqual(minutes(500))
    const { lookBack, asked } = historyOf(minutes(10))
    await rowsOf(lookBack, { toMs: NOON + YEAR, nowMs: NOON + 10 * MINUTE + 1 })
    expect(Math.max(...asked.map(({ toMs }) => toMs))).toBe(NOON + 11 * MINUTE)
  })
})
