import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { describe, expect, it } from 'vitest'
import { deliverAtRandom } from './delivery/delivery.ts'

const COUNT = Number(process.env['DELIVERY_SEEDS'] ?? 100)
const SEEDS = Array.from({ length: COUNT }, (_, index) => process.env['DELIVERY_SEED'] ?? `${Date.now()}-${index}`)
const kinds = await testDatabaseKinds()

describe('delivery to subscribers who misbehave, again and again', () => {
  const total = { received: 0, skipped: 0, streams: 0 }
  it.each(SEEDS)(
    'gives each subscriber every message in order, none twice, and reports what it skips: DELIVERY_SEED=%s',
    async (seed) => {
      const outcome = await deliverAtRandom(kinds[Number(seed.at(-1)) % kinds.length] ?? 'embedded', seed)
      expect(outcome.faults.join('\n')).toBe('')
      total.received += outcome.received
      total.skipped += outcome.skipped
      total.streams += outcome.streams
      console.log(
        `So far ${total.received} delivered to ${total.streams} subscribers, ${total.skipped} reported as skipped.`,
      )
    },
  )
})
