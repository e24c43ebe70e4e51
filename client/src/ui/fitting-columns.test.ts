import { describe, expect, it } from 'vitest'
import { fittingColumns } from './fitting-columns.ts'

const layout = { name: { least: 120 }, a: { width: 80 }, b: { width: 60 }, c: { width: 100 } }
const all = ['name', 'a', 'b', 'c'] as const
const fitting = (available: number) => fittingColumns(all, layout, ['b', 'a'], available)

describe('fittingColumns', () => {
  it('keeps all columns as long as the one that takes the rest can be read', () => {
    expect(fitting(360)).toEqual(['name', 'a', 'b', 'c'])
    expect(fitting(Infinity)).toEqual(['name', 'a', 'b', 'c'])
  })

  it('leaves out one column after the other, in the order in which they leave', () => {
    expect(fitting(359)).toEqual(['name', 'a', 'c'])
    expect(fitting(299)).toEqual(['name', 'c'])
  })

  it('never leaves out a column that may not leave', () => {
    expect(fitting(10)).toEqual(['name', 'c'])
  })
})
