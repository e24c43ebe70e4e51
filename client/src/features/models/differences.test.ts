import { describe, expect, it } from 'vitest'
import {
  absoluteWords,
  AMOUNT_UNIT,
  differenceOf,
  latencyUnitOf,
  relativeWords,
  type RowUnit,
  SHARE_UNIT,
} from './differences.ts'

function words(value: number | null, base: number | null, unit: RowUnit): string | undefined {
  const difference = differenceOf({ value }, { value: base })
  return difference && `${absoluteWords(difference, unit)} | ${relativeWords(difference)}`
}

describe('the difference between two versions', () => {
  it('is given in the unit of the row, and as a share of the version that others are compared with', () => {
    expect(words(96.2, 84, latencyUnitOf([96.2, 84]))).toBe('+12.2 | +15 %')
    expect(words(84, 96.2, latencyUnitOf([96.2, 84]))).toBe('−12.2 | −13 %')
    expect(words(12_400, 6_200, AMOUNT_UNIT)).toBe('+6.20k | +100 %')
  })

  it('of shares is given in percentage points', () => {
    expect(words(0.02, 0.01, SHARE_UNIT)).toBe('+1.00 pp | +100 %')
  })

  it('is unknown when one of the two figures is', () => {
    expect(words(null, 84, AMOUNT_UNIT)).toBeUndefined()
    expect(words(84, null, AMOUNT_UNIT)).toBeUndefined()
    expect(differenceOf(undefined, { value: 1 })).toBeUndefined()
  })

  it('has no share when the other figure is zero, and none at all when both are the same', () => {
    expect(words(0.01, 0, SHARE_UNIT)).toBe('+1.00 pp | ')
    expect(words(0, 0, SHARE_UNIT)).toBe('0 | 0 %')
    expect(words(84, 84, AMOUNT_UNIT)).toBe('0 | 0 %')
  })

  it('stays readable when one is a thousand times the other, or almost the same', () => {
    expect(words(84_000, 84, latencyUnitOf([84_000, 84]))).toBe('+83.9 | +99.9k %')
    expect(words(84_000.1, 84_000, AMOUNT_UNIT)).toBe('+0.100 | +<0.01 %')
  })
})

describe('latencies that stand side by side', () => {
  it.each([
    [[84.2, 912], 'ms', ['84.2', '912']],
    [[84.2, 1240], 's', ['0.084', '1.24']],
    [[720_000, 60_000], 'min', ['12.0', '1.00']],
  ])('share the unit of the largest: %j', (values, unit, written) => {
    const row = latencyUnitOf(values)
    expect(row.unit).toBe(unit)
    expect(values.map(row.write)).toEqual(written)
  })

  it('are a dash where they are unknown', () => {
    expect(latencyUnitOf([null]).write(null)).toBe('–')
    expect(latencyUnitOf([null]).unit).toBe('ms')
  })
})
