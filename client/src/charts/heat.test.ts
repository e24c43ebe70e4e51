import { describe, expect, it } from 'vitest'
import { heatCells, heatRange } from './heat.ts'

const COLUMNS = [
  [{ lowMs: 16, count: 4 }],
  [],
  [
    { lowMs: 64, count: 1 },
    { lowMs: 128, count: 0 },
  ],
]

describe('a heatmap', () => {
  it('has a cell for every bucket with requests, and none for a window without', () => {
    const cells = [...heatCells(COLUMNS)]
    expect(cells.map(({ index, lowMs }) => [index, lowMs])).toEqual([
      [0, 16],
      [2, 64],
    ])
    expect(cells[0]?.highMs).toBeCloseTo(22.6, 1)
  })

  it('is darkest where most requests of a window are, however many came in others', () => {
    const shares = [
      ...heatCells([
        [{ lowMs: 16, count: 1000 }],
        [
          { lowMs: 64, count: 3 },
          { lowMs: 128, count: 1 },
        ],
      ]),
    ]
    expect(shares.map(({ share }) => share)).toEqual([1, Math.sqrt(0.75), 0.5])
    expect([...heatCells([[], [{ lowMs: 1, count: 0 }]])]).toEqual([])
  })

  it('reaches from the fastest to the slowest requests', () => {
    expect(heatRange(COLUMNS).map(Math.round)).toEqual([16, 91])
    expect(heatRange([[]])).toEqual([1, 10])
  })
})
