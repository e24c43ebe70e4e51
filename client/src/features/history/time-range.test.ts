import { describe, expect, it } from 'vitest'
import { readRangeSearch } from './range-search.ts'
import { boundsOf, fixedRange, rangeOf, searchOf, stepBack, stepForward, type TimeRange, widen } from './time-range.ts'

const NOON = Date.UTC(2026, 10, 30, 12)
const HOUR = 3_600_000
const fixed = (fromMs: number, toMs: number): TimeRange => ({ kind: 'fixed', fromMs, toMs })
const NOTHING = { range: undefined, from: undefined, to: undefined }

describe('the range in an address', () => {
  it.each([
    [{ range: '7d' }, { kind: 'trailing', name: '7d' }],
    [{ range: 'live' }, { kind: 'trailing', name: 'live' }],
    [{}, { kind: 'trailing', name: '15m' }],
    [{ from: '2026-11-30T11:00:00Z', to: '2026-11-30T13:00:00+01:00' }, fixed(NOON - HOUR, NOON)],
    [{ from: '2026-11-30T11:00Z', to: '2026-11-30T12:00Z', range: '7d' }, fixed(NOON - HOUR, NOON)],
  ])('is read: %j', (search, range) => {
    expect(rangeOf(readRangeSearch(search))).toEqual(range)
  })

  it.each([
    [{ range: '5' }],
    [{ range: ['7d'] }],
    [{ from: '2026-11-30T11:00:00Z' }],
    [{ from: 'yesterday', to: 'today' }],
    [{ from: '2026', to: '2027' }],
    [{ from: '2026-11-30T12:00:00Z', to: '2026-11-30T11:00:00Z' }],
    [{ from: '2026-11-30T12:00:00Z', to: '2026-11-30T12:00:00Z' }],
    [{ from: '1969-12-31T23:00:00Z', to: '1970-01-02T00:00:00Z' }],
    [{ from: '1970-01-01T00:00:00Z', to: '2970-01-01T00:00:00Z' }],
    [{ from: '2026-13-41T11:00:00Z', to: '2026-13-42T12:00:00Z' }],
  ])('that makes none is left out: %j', (search) => {
    expect(readRangeSearch(search)).toEqual(NOTHING)
  })

  it('is written as it is read, and not at all if it is the default', () => {
    for (const range of [fixed(NOON - HOUR, NOON), { kind: 'trailing', name: '30d' } as const]) {
      expect(rangeOf(readRangeSearch(searchOf(range) as Record<string, unknown>))).toEqual(range)
    }
    expect(searchOf({ kind: 'trailing', name: '15m' })).toEqual(NOTHING)
    expect(searchOf(fixed(NOON - HOUR, NOON)).from).toBe('2026-11-30T11:00:00Z')
  })
})

describe('moving through time', () => {
  it('steps back to what lies right before', () => {
    expect(stepBack({ kind: 'trailing', name: '1h' }, NOON)).toEqual(fixed(NOON - 2 * HOUR, NOON - HOUR))
    expect(stepBack(fixed(NOON - HOUR, NOON), NOON)).toEqual(fixed(NOON - 2 * HOUR, NOON - HOUR))
  })

  it('steps forward to what lies right after, and is live again where that is now', () => {
    expect(stepForward(fixed(NOON - 4 * HOUR, NOON - 3 * HOUR), NOON)).toEqual(fixed(NOON - 3 * HOUR, NOON - 2 * HOUR))
    expect(stepForward(fixed(NOON - 2 * HOUR, NOON - HOUR), NOON)).toEqual({ kind: 'trailing', name: '1h' })
    const odd = stepForward(fixed(NOON - 2 * HOUR, NOON - HOUR / 2), NOON)
    expect(boundsOf(odd, 0)).toEqual({ fromMs: NOON - 1.5 * HOUR, toMs: NOON })
  })

  it('widens to twice the length, but not beyond now', () => {
    expect(widen(fixed(NOON - 3 * HOUR, NOON - 2 * HOUR), NOON)).toEqual(fixed(NOON - 3.5 * HOUR, NOON - 1.5 * HOUR))
    expect(widen(fixed(NOON - HOUR, NOON), NOON)).toEqual(fixed(NOON - 2 * HOUR, NOON))
    expect(widen({ kind: 'trailing', name: '24h' }, NOON)).toEqual({ kind: 'trailing', name: '7d' })
    expect(widen({ kind: 'trailing', name: '30d' }, NOON)).toEqual({ kind: 'trailing', name: '30d' })
  })

  it('never makes a range that is too short to draw, or not of whole seconds', () => {
    expect(fixedRange(NOON, NOON + 1)).toEqual(fixed(NOON - 5_000, NOON + 6_000))
    expect(fixedRange(NOON + 1, NOON + 60_001)).toEqual(fixed(NOON, NOON + 61_000))
  })
})
