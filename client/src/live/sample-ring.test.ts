import { describe, expect, it } from 'vitest'
import { SampleRing } from './sample-ring.ts'
import { eachFigure, type Figures } from './sample.ts'

function figures(p95Ms: number | null): Figures {
  return { ...eachFigure(() => null), p95Ms, p99Ms: 3 }
}

describe('SampleRing', () => {
  it('keeps the newest samples in order and evicts the oldest', () => {
    const ring = new SampleRing(3)
    for (let at = 1; at <= 5; at += 1) ring.push(at, figures(at * 10))
    expect(ring.times()).toEqual([3, 4, 5])
    expect(ring.column('p95Ms')).toEqual([30, 40, 50])
    expect(ring.length).toBe(3)
    expect(ring.newest).toBe(5)
  })

  it('ignores a sample that is not newer than the newest, so a resumed stream adds nothing twice', () => {
    const ring = new SampleRing(4)
    expect(ring.push(10, figures(1))).toBe(true)
    expect(ring.push(10, figures(2))).toBe(false)
    expect(ring.push(9, figures(3))).toBe(false)
    expect(ring.column('p95Ms')).toEqual([1])
  })

  it('holds missing figures as NaN, never as zero', () => {
    const ring = new SampleRing(2)
    ring.push(1, figures(null))
    expect(ring.column('p95Ms')).toEqual([Number.NaN])
    expect(ring.column('errorRate')).toEqual([Number.NaN])
  })

  it('knows whether there is anything to draw from a time on', () => {
    const ring = new SampleRing(4)
    ring.push(1, figures(5))
    ring.push(2, figures(null))
    expect(ring.has(['p95Ms'], 1)).toBe(true)
    expect(ring.has(['p95Ms'], 2)).toBe(false)
    expect(ring.has(['p95Ms', 'p99Ms'], 2)).toBe(true)
    expect(ring.has(['p99Ms'], 3)).toBe(false)
  })

  it('starts again after clear, from any time', () => {
    const ring = new SampleRing(2)
    ring.push(100, figures(1))
    ring.clear()
    expect(ring.times()).toEqual([])
    expect(ring.push(50, figures(2))).toBe(true)
  })
})
