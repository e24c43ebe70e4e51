import { describe, expect, it } from 'vitest'
import {
  drawableOf,
  latencyUnit,
  linearRange,
  logRange,
  longestStep,
  sparkRuns,
  tickLabel,
  within,
  withGaps,
} from './prepare.ts'

const NaN_ = Number.NaN

describe('withGaps', () => {
  it('breaks the line where windows are missing, and nowhere else', () => {
    const drawn = withGaps({ times: [1, 2, 3, 7, 8], values: [[10, 20, 30, 70, 80]] }, 1)
    expect(drawn).toEqual([
      [1, 2, 3, 4, 7, 8],
      [10, 20, 30, null, 70, 80],
    ])
  })

  it('breaks the line where a window had no data, and does not draw it as zero', () => {
    expect(withGaps({ times: [1, 2, 3], values: [[1, NaN_, 0]] }, 1)).toEqual([
      [1, 2, 3],
      [1, null, 0],
    ])
  })

  it('does not break the line for a window that is a little late', () => {
    expect(withGaps({ times: [1, 2.4, 3], values: [[1, 2, 3]] }, 1)[0]).toEqual([1, 2.4, 3])
  })

  it('breaks all series of a chart at the same place', () => {
    const [times, ...values] = withGaps(
      {
        times: [10, 40],
        values: [
          [1, 2],
          [3, 4],
        ],
      },
      10,
    )
    expect(times).toEqual([10, 20, 40])
    expect(values).toEqual([
      [1, null, 2],
      [3, null, 4],
    ])
  })
})

describe('within', () => {
  it('keeps the samples in the range and the one before it', () => {
    const cut = within({ times: [1, 2, 3, 4, 5], values: [[1, 2, 3, 4, 5]] }, 3, 4)
    expect(cut).toEqual({ times: [2, 3, 4], values: [[2, 3, 4]] })
  })

  it('keeps only the last sample when all are before the range', () => {
    expect(within({ times: [1, 2], values: [[5, 6]] }, 10, 20).times).toEqual([2])
  })

  it('is empty without samples', () => {
    expect(within({ times: [], values: [[]] }, 1, 2)).toEqual({ times: [], values: [[]] })
  })
})

describe('longestStep', () => {
  it('finds a gap', () => {
    expect(longestStep([1, 2, 5, 6])).toBe(3)
    expect(longestStep([4])).toBe(0)
  })
})

describe('ranges', () => {
  it('start at zero and stay the same while the values change a little', () => {
    expect(linearRange({ min: 0, max: 81 }, 1)).toEqual([0, 100])
    expect(linearRange({ min: 0, max: 84 }, 1)).toEqual([0, 100])
    expect(linearRange({ min: 0, max: 130 }, 1)).toEqual([0, 150])
  })

  it('leave room above the largest value', () => {
    for (const max of [0.001, 0.7, 3, 99, 100, 5432, 720_000])
      expect(linearRange({ min: 0, max }, 0)[1]).toBeGreaterThan(max)
  })

  it('do not magnify a quiet series', () => {
    expect(linearRange({ min: 0, max: 0 }, 5)).toEqual([0, 6])
    expect(linearRange({ min: 0, max: null }, 1)).toEqual([0, 1.5])
  })

  it('reach below zero as far as the values do', () => {
    expect(linearRange({ min: -0.4, max: 2 }, 0)).toEqual([-0.5, 3])
    expect(linearRange({ min: -870, max: -120 }, 0)).toEqual([-1000, 0])
  })

  it('show values of any smallness in full, if nothing is too quiet', () => {
    expect(linearRange({ min: 0.00001, max: 0.0007 }, 0)[1]).toBeCloseTo(0.0008, 10)
    expect(linearRange({ min: -2e-9, max: 3e-9 }, 0)[0]).toBeCloseTo(-3e-9, 15)
    expect(linearRange({ min: 0, max: 0 }, 0)).toEqual([0, 1])
  })

  it('end at the maximum of the figure', () => {
    expect(linearRange({ min: 0, max: 0.99 }, 0.01, 1)).toEqual([0, 1])
  })

  it('are round in minutes and hours too', () => {
    expect(linearRange({ min: 0, max: 723_456 }, 1, Infinity, latencyUnit)).toEqual([0, 15 * 60_000])
    expect(linearRange({ min: 0, max: 6 * 3_600_000 }, 1, Infinity, latencyUnit)).toEqual([0, 8 * 3_600_000])
    expect(linearRange({ min: 0, max: 81 }, 1, Infinity, latencyUnit)).toEqual([0, 100])
  })

  it('span whole decades on a log scale, and at least one', () => {
    expect(logRange(12, 740)).toEqual([10, 1000])
    expect(logRange(10, 10)).toEqual([10, 100])
    expect(logRange(null, null)).toEqual([1, 10])
    expect(logRange(0, 100)).toEqual([1, 10])
  })
})

describe('tickLabel', () => {
  it('leaves out zeros that carry no information', () => {
    const labels = [
      '1.50 s',
      '1.00 s',
      '750 ms',
      '0 ms',
      '0 %',
      '7.50',
      '100',
      '0.500',
      '1.20k',
      '10.0 %',
      '0.05 %',
      '1.00e-4',
      '-2.50e-4',
    ]
    expect(labels.map(tickLabel)).toEqual([
      '1.5 s',
      '1 s',
      '750 ms',
      '0',
      '0',
      '7.5',
      '100',
      '0.5',
      '1.2k',
      '10 %',
      '0.05 %',
      '1e-4',
      '-2.5e-4',
    ])
  })
})

describe('sparkRuns', () => {
  const frame = { from: 0, to: 10, width: 100, height: 22, stepSeconds: 1 }

  it('fills the frame from zero to the largest visible value', () => {
    const [run] = sparkRuns({ times: [0, 1, 2], values: [0, 10, 5] }, frame)
    expect(run).toEqual([
      [0, 21],
      [10, 1],
      [20, 11],
    ])
  })

  it('ignores what is older than the frame, also for the scale', () => {
    const runs = sparkRuns({ times: [-1, 1], values: [1000, 10] }, frame)
    expect(runs).toEqual([[[10, 1]]])
  })

  it('is broken by gaps and by windows without data', () => {
    const runs = sparkRuns({ times: [0, 1, 2, 3, 7], values: [1, NaN_, 1, 1, 1] }, frame)
    expect(runs.map((run) => run.length)).toEqual([1, 2, 1])
  })

  it('is a line at the bottom if all values are zero', () => {
    const runs = sparkRuns({ times: [0, 1], values: [0, 0] }, frame)
    expect(runs).toEqual([
      [
        [0, 21],
        [10, 21],
      ],
    ])
  })
})

describe('several series on the same axes', () => {
  const series = (times: number[], values: number[], stepSeconds = 1) => ({ times, values: [values], stepSeconds })

  it('are joined by their times: one goes on where only the other has a window, and keeps its own gaps', () => {
    expect(drawableOf([series([1, 2, 3], [10, 20, 30]), series([2, 6], [7, 8], 2)], 0, 10)).toEqual([
      [1, 2, 3, 4, 6],
      [10, 20, 30, undefined, undefined],
      [undefined, 7, undefined, null, 8],
    ])
  })

  it('are taken as they are when they share their times, and each only within the range', () => {
    expect(
      drawableOf(
        [
          {
            times: [1, 2, 3],
            values: [
              [1, 2, 3],
              [4, 5, 6],
            ],
            stepSeconds: 1,
          },
        ],
        3,
        9,
      ),
    ).toEqual([
      [2, 3],
      [2, 3],
      [5, 6],
    ])
    expect(drawableOf([], 0, 1)).toEqual([[]])
  })
})
