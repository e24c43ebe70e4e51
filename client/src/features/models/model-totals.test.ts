import { expect, it } from 'vitest'
import { eachFigure, type Sample } from '../../live/sample.ts'
import { modelTotals } from './model-totals.ts'

function sample(requests: number | null, errorRate: number | null): Sample {
  const requestsPerSecond = requests === null ? null : requests / 60
  return { ...eachFigure(() => null), at: 1000, windowMs: 60_000, requests, errorRate, requestsPerSecond }
}

const MODEL_OF = new Map([
  ['a', 'x'],
  ['b', 'x'],
  ['c', 'y'],
])

it('weighs the error rates of a model’s deployments by their requests', () => {
  const totals = modelTotals(
    new Map([
      ['a', sample(900, 0)],
      ['b', sample(100, 0.5)],
      ['c', sample(60, 0.1)],
    ]),
    MODEL_OF,
  )
  expect(totals.get('x')).toMatchObject({ requests: 1000, errorRate: 0.05, p95Ms: null })
  expect(totals.get('y')).toMatchObject({ requests: 60, requestsPerSecond: 1, errorRate: 0.1 })
})

it('knows the errors of a model of which one deployment is idle', () => {
  const totals = modelTotals(
    new Map([
      ['a', sample(100, 0.02)],
      ['b', sample(0, null)],
    ]),
    MODEL_OF,
  )
  expect(totals.get('x')).toMatchObject({ requests: 100, errorRate: 0.02 })
})

it('says nothing of a model of which one deployment cannot know, and leaves out deployments of no known model', () => {
  const totals = modelTotals(
    new Map([
      ['a', sample(100, 0.02)],
      ['b', sample(null, null)],
      ['z', sample(1, 0)],
    ]),
    MODEL_OF,
  )
  expect(totals.get('x')).toMatchObject({ requests: null, requestsPerSecond: null, errorRate: null })
  expect([...totals.keys()]).toEqual(['x'])
})
