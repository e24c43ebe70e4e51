import { describe, expect, it } from 'vitest'
import { createFleetFigures, type Sample } from './fleet-figures.ts'

function sample(second: number, p95Ms: number | null = second): Sample {
  return {
    at: second * 1000,
    windowMs: 1000,
    p50Ms: 1,
    p95Ms,
    p99Ms: 3,
    requestsPerSecond: 4,
    errorRate: 0,
    tokensPerSecond: null,
  }
}

/** A frame that comes when the test says so. */
function manualFrame() {
  let pending: (() => void) | undefined
  const schedule = (flush: () => void) => () => {
    pending = flush
  }
  const frame = () => {
    const flush = pending
    pending = undefined
    flush?.()
  }
  return { schedule, frame }
}

describe('FleetFigures', () => {
  it('tells the followers of what changed, once a frame, however many samples came', () => {
    const { schedule, frame } = manualFrame()
    const fleet = createFleetFigures(schedule)
    const heard: string[] = []
    fleet.subscribe('a', () => heard.push('a'))
    fleet.subscribe('b', () => heard.push('b'))
    fleet.add('a', sample(1))
    fleet.add('a', sample(2))
    expect(heard).toEqual([])
    frame()
    expect(heard).toEqual(['a'])
    expect(fleet.track('a').latest?.at).toBe(2000)
  })

  it('says nothing when a sample is repeated', () => {
    const { schedule, frame } = manualFrame()
    const fleet = createFleetFigures(schedule)
    fleet.add('a', sample(1))
    frame()
    let heard = 0
    fleet.subscribe('a', () => (heard += 1))
    fleet.add('a', sample(1))
    frame()
    expect(heard).toBe(0)
  })

  it('puts older samples before those that came live in the meantime, and doubles none', () => {
    const { schedule } = manualFrame()
    const fleet = createFleetFigures(schedule)
    fleet.add('a', sample(5))
    fleet.add('a', sample(6))
    fleet.fill('a', [sample(3), sample(4), sample(5)])
    expect(fleet.track('a').ring.times()).toEqual([3, 4, 5, 6])
    expect(fleet.track('a').latest?.at).toBe(6000)
  })

  it('shows filled samples as the latest until a live one comes, gaps included', () => {
    const { schedule } = manualFrame()
    const fleet = createFleetFigures(schedule)
    fleet.fill('a', [sample(3, null), sample(4)])
    expect(fleet.track('a').ring.column('p95Ms')).toEqual([Number.NaN, 4])
    expect(fleet.track('a').latest?.at).toBe(4000)
  })
})
