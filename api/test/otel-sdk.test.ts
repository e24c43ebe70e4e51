import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { describe, expect, it } from 'vitest'
import { KINDS } from './otel/reporting-process.ts'
import { expectSameTotals, reportThroughRestarts } from './otel/through-a-restart.ts'

describe('OpenTelemetry’s SDK in another process', async () => {
  const kind = (await testDatabaseKinds()).at(-1) ?? 'embedded'

  it(
    'reports through a restart of the server and its own, and every total agrees exactly',
    { timeout: 60_000 },
    async () => {
      const reported = await reportThroughRestarts({ kind, partMs: 700, exportMs: 200 })
      expect(reported).toHaveLength(KINDS.length)
      for (const one of reported) {
        expect(one.totals.requests).toBeGreaterThan(50)
        expectSameTotals(one)
      }
    },
  )
})
