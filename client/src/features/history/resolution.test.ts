import { describe, expect, it } from 'vitest'
import { isLiveStep, liveResolution, maxPointsFor, pointsFor, stepFor } from './resolution.ts'

describe('the width of the windows of a chart', () => {
  it.each([
    [300, 1],
    [900, 2],
    [3600, 10],
    [21_600, 60],
    [86_400, 300],
    [604_800, 1800],
    [2_592_000, 7200],
  ])('of %d s is the finest that has room, where it carries every percentile: %d s', (span, step) => {
    expect(stepFor(span, 500, 7_000)).toBe(step)
    expect(stepFor(span, 500, undefined)).toBe(step)
  })

  it('grows until a p99 is carried, as long as enough windows remain', () => {
    expect(stepFor(3600, 500, 7)).toBe(30)
    expect(stepFor(86_400, 500, 0.3)).toBe(600)
  })

  it('is content with a p95 where a p99 would leave too few windows, and gives up on both', () => {
    expect(stepFor(300, 500, 7)).toBe(5)
    expect(stepFor(300, 500, 0.01)).toBe(1)
    expect(stepFor(300, 500, 0)).toBe(1)
  })

  it('depends on the room in steps', () => {
    expect([Infinity, 2000, 1340, 1310, 360, 40].map(maxPointsFor)).toEqual([500, 800, 500, 500, 150, 150])
  })

  it('is asked for again by as many whole windows as there are', () => {
    expect(pointsFor(20_000, 40_000, 10)).toBe(2)
    expect(pointsFor(20_000, 20_001, 10)).toBe(1)
    expect(pointsFor(0, 1e12, 1)).toBe(2000)
  })

  it('is subscribed to where the API can send it', () => {
    expect([0.25, 1, 2, 60].map(liveResolution)).toEqual([undefined, undefined, 2, 60])
    expect([0.25, 1, 2, 60, 120].map(isLiveStep)).toEqual([true, true, true, true, false])
  })
})
