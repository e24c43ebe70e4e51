import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { describe, expect, it } from 'vitest'
import { deliverAtRandom } from './delivery/delivery.ts'

const SEEDS = Array.from({ length: 5 }, (_, index) => process.env['DELIVERY_SEED'] ?? `${Date.now()}-${index}`)
const kinds = await testDatabaseKinds()

describe('delivery to subscribers who misbehave', () => {
  it.each(SEEDS)(
    'gives each subscriber every message in order, none twice, and reports what it skips: DELIVERY_SEED=%s',
    async (seed) => {
      // By its number, so that a seed that failed runs again as it was.
      const kind = kinds[Number(seed.at(-1)) % kinds.length] ?? 'embedded'
      const { faults, received } = await deliverAtRandom(kind, seed)
      // As text, which is shown whole.
      expect(faults.join('\n')).toBe('')
      expect(received).toBeGreaterThan(100)
    },
    120_000,
  )
})
