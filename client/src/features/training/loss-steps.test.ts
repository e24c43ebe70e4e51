import { describe, expect, it } from 'vitest'
import { LossSteps } from './loss-steps.ts'

const step = (at: number, loss = at / 100) => ({ step: at, loss })

describe('LossSteps', () => {
  it('joins queried and live steps, each once and in order', () => {
    const curve = new LossSteps()
    curve.add([step(30), step(40)])
    curve.add([step(10), step(20), step(30, 9)])
    expect(curve.steps()).toEqual([10, 20, 30, 40])
    expect(curve.losses()).toEqual([0.1, 0.2, 9, 0.4])
  })

  it('stays bounded and keeps both ends of the curve', () => {
    const curve = new LossSteps()
    for (let start = 0; start < 5000; start += 100) {
      curve.add(Array.from({ length: 100 }, (_, index) => step(start + index)))
    }
    expect(curve.steps().length).toBeLessThanOrEqual(2000)
    expect(curve.steps()[0]).toBe(0)
    expect(curve.steps().at(-1)).toBe(4999)
  })

  it('finds the step at or before a position', () => {
    const curve = new LossSteps()
    curve.add([step(10), step(20)])
    expect(curve.at(15)?.step).toBe(10)
    expect(curve.at(Infinity)?.step).toBe(20)
    expect(curve.at(1)?.step).toBe(10)
  })

  it('knows whether every loss has a logarithm', () => {
    const curve = new LossSteps()
    expect(curve.isPositive()).toBe(true)
    curve.add([step(10, 0.5), step(20, 1e-9)])
    expect(curve.isPositive()).toBe(true)
    curve.add([step(30, 0)])
    expect(curve.isPositive()).toBe(false)
  })

  it('has a range even without steps', () => {
    expect(new LossSteps().range()).toEqual([0, 1])
  })
})
