import { describe, expect, it } from 'vitest'
import { extentOf, slicesOf } from './band-slices.ts'

const NaN_ = Number.NaN

describe('the band of a percentile', () => {
  it('joins neighbouring windows, and neither gaps nor windows without bounds', () => {
    const band = { times: [0, 5, 10, 30, 35], low: [1, 2, NaN_, 3, 4], high: [2, 3, NaN_, 5, 6], stepSeconds: 5 }
    expect(slicesOf(band, 0, 100)).toEqual([
      { from: 0, to: 5, lows: [1, 2], highs: [2, 3] },
      { from: 30, to: 35, lows: [3, 4], highs: [5, 6] },
    ])
  })

  it('of a single window is as wide as the window, and one outside of the range is left out', () => {
    const band = { times: [0, 50], low: [1, 9], high: [2, 10], stepSeconds: 5 }
    expect(slicesOf(band, 0, 20)).toEqual([{ from: 0, to: 5, lows: [1, 1], highs: [2, 2] }])
  })

  it('above the highest bound is open to the top, and needs no more room than that bound', () => {
    const slices = slicesOf({ times: [0], low: [30], high: [], stepSeconds: 5 }, 0, 20)
    expect(slices[0]?.highs).toEqual([Infinity, Infinity])
    expect(extentOf(slices)).toEqual([30, 30])
  })

  it('that begins at zero does not stretch a logarithmic axis to zero', () => {
    const slices = slicesOf({ times: [0], low: [0], high: [300], stepSeconds: 5 }, 0, 20)
    expect(extentOf(slices)).toEqual([300, 300])
    expect(extentOf([])).toBeNull()
  })
})
