import { describe, expect, it } from 'vitest'
import { sampleOf } from '../../test/sample-of.ts'
import { ratePerSecond } from '../metrics/metrics-summary.ts'
import { HistoryPoints } from './history-points.ts'
import { resolutionFor } from './history-resolution.ts'
import { sampleLengths } from './sample-lengths.ts'

const SECOND = 1000
const START = Date.UTC(2026, 10, 23, 12)

describe('points of deployments with windows of their own length', () => {
  it('are no shorter than the samples of any of them, and hold whole ones', () => {
    expect(sampleLengths(1000, [], false)).toEqual({ sampleMs: 1000, stepMs: 1000 })
    expect(sampleLengths(1000, [5000], true)).toEqual({ sampleMs: 1000, stepMs: 5000 })
    expect(sampleLengths(10_000, [1000], true)).toEqual({ sampleMs: 1000, stepMs: 1000 })
    expect(sampleLengths(10_000, [1000, 15_000], false)).toEqual({ sampleMs: 10_000, stepMs: 30_000 })
    const range = { fromMs: START, toMs: START + 60 * SECOND, maxPoints: 60 }
    expect(resolutionFor(range, { intervalMs: SECOND, stepMs: 5 * SECOND })).toMatchObject({
      widthMs: 5 * SECOND,
      storedMs: SECOND,
    })
    expect(resolutionFor(range, { intervalMs: SECOND, stepMs: 60 * SECOND }).storedMs).toBe(60 * SECOND)
  })

  it('cover what any of them covers, once', () => {
    const points = new HistoryPoints(START, 10 * SECOND, { isOfOne: false })
    // One is recorded in half of the time by the second, the other all of that in a piece.
    for (let n = 0; n < 5; n += 1) points.addSample(sampleOf({ sequence: n + 1, windowStartMs: START + n * SECOND }))
    points.addSample(sampleOf({ deploymentKey: 2, windowStartMs: START, windowMs: 5 * SECOND, requests: 10 }))
    points.endSegment()
    const summary = points.summary(START + 10 * SECOND)
    expect([summary.coveredMs, summary.requests, ratePerSecond('requests', summary)]).toEqual([5000, 10, 2])
  })

  it('have the rate of what was measured, also of a sample that took the place of missing ones', () => {
    const points = new HistoryPoints(START, 10 * SECOND, { isOfOne: true })
    const at = (seconds: number) => ({ windowStartMs: START + seconds * SECOND, sequence: seconds + 1 })
    points.addSample(sampleOf({ ...at(5), windowMs: 5 * SECOND, requests: 50 }))
    points.addSample(sampleOf({ ...at(10), windowMs: 30 * SECOND, requests: 300, kvCacheUsage: 0.5 }))
    points.addSample(sampleOf({ ...at(40), windowMs: 5 * SECOND, requests: 50 }))
    points.endSegment()
    const shown = [...points.points(), points.summary(START + 50 * SECOND)].map((point) => [
      (point.atMs - START) / SECOND,
      point.coveredMs / SECOND,
      ratePerSecond('requests', point),
      point.kvCacheUsage,
    ])
    expect(shown).toEqual([
      [0, 5, 10, null],
      [30, 10, 10, 0.5],
      [40, 5, 10, null],
      [0, 40, 10, 0.5],
    ])
  })

  it('show the last state that is known of each, added up', () => {
    const points = new HistoryPoints(START, 10 * SECOND, { isOfOne: false })
    const add = (deploymentKey: number, seconds: number, waiting: number | null) =>
      points.addSample(sampleOf({ deploymentKey, windowStartMs: START + seconds * SECOND, waiting, kvCacheUsage: 0.5 }))
    add(1, 0, 3)
    add(1, 1, null)
    add(2, 0, 4)
    add(2, 1, 5)
    points.endSegment()
    const [point] = points.points()
    expect([point?.waiting, point?.kvCacheUsage]).toEqual([8, null])
  })
})
