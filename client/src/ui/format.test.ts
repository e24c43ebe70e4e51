import { describe, expect, it } from 'vitest'
import {
  amount,
  anySize,
  duration,
  errorLevel,
  latency,
  moment,
  percent,
  significant,
  span,
  written,
} from './format.ts'

describe('figures', () => {
  it('writes latency with three significant digits in the unit that fits', () => {
    const small = [0.0004, 0.8421, 9.994, 9.996, 84.249, 999.4, 999.6]
    const large = [1240, 61_000, 99_949, 720_000, 5_400_000, 7_200_000]
    expect([...small, ...large].map((ms) => written(latency(ms)))).toEqual([
      '<0.001 ms',
      '0.842 ms',
      '9.99 ms',
      '10.0 ms',
      '84.2 ms',
      '999 ms',
      '1.00 s',
      '1.24 s',
      '61.0 s',
      '99.9 s',
      '12.0 min',
      '90.0 min',
      '2.00 h',
    ])
  })

  it('writes amounts with three significant digits and a letter for the size', () => {
    expect([0, 7, 842, 999, 1000, 12_449, 999_499, 999_600, 1.2e9, 0.5, 12.34].map(amount)).toEqual([
      '0',
      '7',
      '842',
      '999',
      '1.00k',
      '12.4k',
      '999k',
      '1.00M',
      '1.20G',
      '0.500',
      '12.3',
    ])
  })

  it('writes a loss of any size and sign with its first three digits', () => {
    const losses = [2.3456, 0.05, 0.0012345, 0.0009999, 0.00001234, 3e-12, -0.4, -1234.5, 99_960, 123_456, 1e30, 0, -0]
    expect(losses.map(anySize)).toEqual([
      '2.35',
      '0.0500',
      '0.00123',
      '0.00100',
      '1.23e-5',
      '3.00e-12',
      '-0.400',
      '-1235',
      '1.00e5',
      '1.23e5',
      '1.00e30',
      '0',
      '0',
    ])
  })

  it('writes a fraction as per cent, and tells a little from nothing', () => {
    expect([0, 0.00001, 0.0003, 0.061, 0.09996, 0.1242, 0.99951, 1].map(percent)).toEqual([
      '0',
      '<0.01',
      '0.03',
      '6.10',
      '10.0',
      '12.4',
      '100',
      '100',
    ])
  })

  it('shows no data as a dash and never as zero', () => {
    for (const nothing of [null, undefined, Number.NaN]) {
      expect(written(latency(nothing))).toBe('–')
      expect(amount(nothing)).toBe('–')
      expect(percent(nothing)).toBe('–')
    }
  })

  it('keeps every figure short enough for its column', () => {
    for (let exponent = -3; exponent < 11; exponent += 0.01) {
      expect(latency(10 ** Math.min(exponent, 9)).value.length).toBeLessThanOrEqual(6)
      expect(amount(10 ** exponent).length).toBeLessThanOrEqual(6)
    }
  })

  it('keeps the sign', () => {
    expect(significant(-12.34)).toBe('-12.3')
  })
})

describe('times', () => {
  it('gives the age of a thing in its largest unit', () => {
    expect([-5, 0, 59_999, 60_000, 3_599_000, 3_600_000, 86_400_000 * 3.9].map(span)).toEqual([
      '0 s',
      '0 s',
      '59 s',
      '1 min',
      '59 min',
      '1 h',
      '3 d',
    ])
  })

  it('gives the length of a run in two units', () => {
    expect([48_000, 312_000, 3_780_000, 7_200_000, 187_200_000].map(duration)).toEqual([
      '48 s',
      '5 min 12 s',
      '1 h 3 min',
      '2 h',
      '2 d 4 h',
    ])
  })

  it('leaves out what of a date goes without saying', () => {
    const now = new Date(2025, 2, 14, 18, 0)
    expect(moment(new Date(2025, 2, 14, 9, 5), now)).toBe('09:05')
    expect(moment(new Date(2025, 1, 3, 23, 59), now)).toBe('3 Feb, 23:59')
    expect(moment(new Date(2023, 11, 31, 0, 0), now)).toBe('31 Dec 2023, 00:00')
  })
})

describe('errorLevel', () => {
  it('is raised above 1 % and high above 5 %', () => {
    expect([null, 0, 0.01].map(errorLevel)).toEqual(['none', 'none', 'none'])
    expect([0.0101, 0.05, 0.0501].map(errorLevel)).toEqual(['raised', 'raised', 'high'])
  })
})
