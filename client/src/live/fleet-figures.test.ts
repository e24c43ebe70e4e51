import { describe, expect, it } from 'vitest'
import { FleetFigures } from './fleet-figures.ts'
import { eachFigure, type Sample } from './sample.ts'

function sample(second: number, p95Ms: number | null = second): Sample {
  return { ...eachFigure(() => 1), at: second * 1000, windowMs: 1000, p95Ms }
}

/** A window of ten seconds, by the second in which it starts. */
function window(second: number, p95Ms: number | null = second): Sample {
  return { ...sample(second, p95Ms), windowMs: 10_000 }
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

  it('puts older windows where there is nothing, and none into what arrived live in the meantime', () => {
    const { schedule } = manualFrame()
    const fleet = new FleetFigures(schedule)
    fleet.add('a', sample(104))
    fleet.add('a', sample(105))
    fleet.fill('a', [window(80), window(90), window(100)])
    expect(fleet.track('a').ring.times()).toEqual([90, 100, 105, 106])
    expect(fleet.track('a').latest?.at).toBe(105_000)
  })

  it('shows what was queried until a live figure arrives, and windows for sparklines never as such', () => {
    const { schedule } = manualFrame()
    const fleet = new FleetFigures(schedule)
    fleet.fill('a', [window(80, null), window(90)])
    expect(fleet.track('a').latest).toBeUndefined()
    expect(fleet.track('a').ring.column('p95Ms')).toEqual([Number.NaN, 90])
    fleet.fill('a', [], sample(99))
    fleet.add('a', sample(98))
    expect(fleet.track('a').latest?.at).toBe(99_000)
    fleet.add('a', sample(100))
    expect(fleet.track('a').latest?.at).toBe(100_000)
  })

  it('learns how often figures come, a missed one apart', () => {
    const { schedule } = manualFrame()
    const fleet = new FleetFigures(schedule)
    for (const second of [10, 20, 25, 35]) fleet.add('a', sample(second))
    expect(fleet.track('a').intervalMs).toBe(5_000)
  })

  it('forgets figures of another number of seconds, and tells whoever shows them', () => {
    const { schedule, frame } = manualFrame()
    const fleet = new FleetFigures(schedule)
    fleet.add('a', sample(1))
    frame()
    let notified = 0
    fleet.subscribe('a', () => (notified += 1))
    fleet.showOver(60)
    expect(fleet.track('a').latest).toBeDefined()
    fleet.showOver(10)
    frame()
    expect([fleet.track('a').latest, fleet.track('a').ring.length, notified]).toEqual([undefined, 0, 1])
  })
})
