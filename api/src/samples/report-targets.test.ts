import type { Database } from '@gaugeline/prisma'
import { describe, expect, it } from 'vitest'
import { ReportTargets } from './report-targets.ts'
import type { ReportTarget } from './report-times.ts'

const ID = '019a0000-0000-7000-8000-000000000001'
const TARGET: ReportTarget = {
  id: ID,
  key: 7,
  source: 'REPORTED',
  intervalMs: 10_000,
  recordingSinceMs: 0,
  lastWindowEndMs: null,
}

/** A database that takes so long, and tells how often it was asked. */
function slow(tookMs: number) {
  const seen = { nowMs: 0, reads: 0 }
  const query = async () => {
    if (++seen.reads > 10) throw new Error('It is asked again and again.')
    await Promise.resolve()
    seen.nowMs += tookMs
    return { rows: [TARGET] }
  }
  const targets = new ReportTargets({ pool: { query } as unknown as Database['pool'] }, 10_000, () => seen.nowMs)
  return { targets, seen }
}

describe('the targets of reports', () => {
  it('are read once for all who ask, and again after a second', async () => {
    const { targets, seen } = slow(5)
    expect(await Promise.all([targets.find(ID), targets.find(ID)])).toEqual([TARGET, TARGET])
    await targets.find(ID)
    expect(seen.reads).toBe(1)
    seen.nowMs += 1000
    await targets.find(ID)
    expect(seen.reads).toBe(2)
  })

  it('are what was read, however long that took', async () => {
    const { targets, seen } = slow(3000)
    expect(await targets.find(ID)).toEqual(TARGET)
    expect(seen.reads).toBe(1)
  })
})
