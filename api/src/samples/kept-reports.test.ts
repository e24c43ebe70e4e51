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
