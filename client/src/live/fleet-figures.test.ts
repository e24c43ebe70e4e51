import { describe, expect, it } from 'vitest'
import { FleetFigures } from './fleet-figures.ts'
import { eachFigure, type Sample } from './sample.ts'

function sample(second: number, p95Ms: number | null = second): Sample {
  return { ...eachFigure(() => 1), at: second * 1000, windowMs: 1000, p95Ms }
}

/** A frame that is drawn when the test says so. */
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
  it('notifies the subscribers of what changed, once a frame, however many samples arrived', () => {
    const { schedule, frame } = manualFrame()
    const fleet = new FleetFigures(schedule)
    const notified: string[] = []
    fleet.subscribe('a', () => notified.push('a'))
    fleet.subscribe('b', () => notified.push('b'))
    fleet.add('a', sample(1))
    fleet.add('a', sample(2))
    expect(notified).toEqual([])
    frame()
    expect(notified).toEqual(['a'])
    expect(fleet.track('a').latest?.at).toBe(2000)
  })

  it('notifies nobody when a sample is repeated', () => {
    const { schedule, frame } = manualFrame()
    const fleet = new FleetFigures(schedule)
    fleet.add('a', sample(1))
    frame()
    let notified = 0
    fleet.subscribe('a', () => (notified += 1))
    fleet.add('a', sample(1))
    frame()
    expect(notified).toBe(0)
  })

  it('puts older samples before those that arrived live in the meantime, and adds none twice', () => {
    const { schedule } = manualFrame()
    const fleet = new FleetFigures(schedule)
    fleet.add('a', sample(5))
    fleet.add('a', sample(6))
    fleet.fill('a', [sample(3), sample(4), sample(5)])
    expect(fleet.track('a').ring.times()).toEqual([3, 4, 5, 6])
    expect(fleet.track('a').latest?.at).toBe(6000)
  })

  it('gives a filled sample as the latest until a live one arrives, gaps included', () => {
    const { schedule } = manualFrame()
    const fleet = new FleetFigures(schedule)
    fleet.fill('a', [sample(3, null), sample(4)])
    expect(fleet.track('a').ring.column('p95Ms')).toEqual([Number.NaN, 4])
    expect(fleet.track('a').latest?.at).toBe(4000)
  })
})
