import { expect, it } from 'vitest'
import { KeptReports } from './kept-reports.ts'
import type { Reported } from './reported.ts'

const points = (count: number): Reported[] => Array.from({ length: count }, () => ({ kind: 'requests', requests: [] }))

it('reports are kept for the deployments that are counted, and no others', () => {
  const kept = new KeptReports()
  kept.add(1, { deploymentKey: 10, points: points(2) })
  kept.add(2, { deploymentKey: 20, points: points(3) })
  kept.add(3, { deploymentKey: 10, points: points(4) })
  expect(kept.idsOf([10, 30])).toEqual([1, 3])
  expect(kept.get(2)).toHaveLength(3)
  kept.keepOnly([20])
  expect([kept.idsOf([10, 20]), kept.get(1)]).toEqual([[2], undefined])
})

it('the oldest reports are dropped where many points are kept, and what was dropped makes room', () => {
  const kept = new KeptReports()
  kept.add(1, { deploymentKey: 10, points: points(150_000) })
  kept.keepOnly([])
  kept.add(2, { deploymentKey: 10, points: points(150_000) })
  kept.add(3, { deploymentKey: 10, points: points(50_000) })
  expect(kept.idsOf([10])).toEqual([2, 3])
  kept.add(4, { deploymentKey: 10, points: points(1) })
  expect(kept.idsOf([10])).toEqual([3, 4])
})

it('what is kept is bounded by the memory that it takes: requests and buckets count too', () => {
  const counts = Array.from({ length: 3200 }, () => 0)
  const buckets = { kind: 'exponential', unitMs: 1, scale: 20, offset: 0, counts, zero: 0, zeroMs: 0 } as const
  const nothing = { from: 'a', timeMs: 1, series: null, startMs: null, count: 0, sum: null, maxMs: null, figures: [] }
  const request = {
    latencyMs: 1,
    timeToFirstTokenMs: null,
    queueTimeMs: null,
    promptTokens: null,
    generatedTokens: null,
    error: null,
  }
  const large: Reported[] = [
    { kind: 'point', ...nothing, buckets },
    { kind: 'requests', requests: Array.from({ length: 1000 }, () => request) },
  ]
  const kept = new KeptReports()
  for (let id = 1; id <= 200; id++) kept.add(id, { deploymentKey: 10, points: large })
  // 101 for the data point, 1,001 for the requests.
  expect(kept.idsOf([10])).toHaveLength(Math.floor(200_000 / 1102))
})
