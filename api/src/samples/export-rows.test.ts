import { describe, expect, it } from 'vitest'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import { type ExportRows, FinestRows, type RowsRequest } from './export-rows.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const SERIES = { kind: 'deployment', id: 'one', key: 1 } as const

/** Rows that begin at these seconds after noon, two at a time; `asked` tells for which ranges. */
function rowsAt(seconds: readonly number[], windowMs: number) {
  const asked: string[] = []
  const rows: ExportRows = {
    async *of({ fromMs, toMs }: RowsRequest) {
      asked.push(`${(fromMs - NOON) / 1000} to ${(toMs - NOON) / 1000}`)
      const all = seconds
        .map((second) => NOON + second * 1000)
        .filter((atMs) => atMs >= fromMs && atMs < toMs)
        .map((atMs) => ({ atMs, windowMs }) as MetricsSummary)
      for (let at = 0; at < all.length; at += 2) yield all.slice(at, at + 2)
    },
  }
  return { rows, asked }
}

const times = (count: number, from: number, step: number) => Array.from({ length: count }, (_, n) => from + n * step)

async function read(samples: ExportRows, merged: ExportRows, fromSecond: number, toSecond: number): Promise<string[]> {
  const shown: string[] = []
  const range = { fromMs: NOON + fromSecond * 1000, toMs: NOON + toSecond * 1000 }
  for await (const some of new FinestRows(samples, merged).of({ series: SERIES, ...range, resolutionMs: undefined })) {
    shown.push(...some.map(({ atMs, windowMs }) => `${(atMs - NOON) / 1000}+${windowMs / 1000}`))
  }
  return shown
}

describe('the finest rows of a deployment', () => {
  it('are merged windows up to the first sample that is left, and samples from there on', async () => {
    const samples = rowsAt(times(5, 30, 1), 1000)
    const merged = rowsAt(times(6, 0, 10), 10_000)
    expect(await read(samples.rows, merged.rows, 3, 33)).toEqual(['0+10', '10+10', '20+10', '30+1', '31+1', '32+1'])
    expect(merged.asked).toEqual(['0 to 30'])
  })

  it('are samples alone where these are all there', async () => {
    const merged = rowsAt(times(6, 0, 10), 10_000)
    expect(await read(rowsAt(times(9, 3, 1), 1000).rows, merged.rows, 3, 6)).toEqual(['3+1', '4+1', '5+1'])
    expect(merged.asked).toEqual([])
  })

  it('are merged windows alone where no sample is left', async () => {
    const merged = rowsAt(times(6, 0, 10), 10_000)
    expect(await read(rowsAt([], 1000).rows, merged.rows, 12, 35)).toEqual(['10+10', '20+10', '30+10'])
  })
})
