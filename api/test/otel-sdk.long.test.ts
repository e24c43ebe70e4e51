import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { expectSameTotals, reportThroughRestarts } from './otel/through-a-restart.ts'

/** REPORT_MINUTES: how long reporters run altogether. */
const MINUTES = Number(process.env['REPORT_MINUTES'] ?? 10)

it.each(await testDatabaseKinds())(
  `OpenTelemetry’s SDK reports for ${MINUTES} minutes through restarts, and every total agrees exactly, on %s`,
  async (kind) => {
    const reported = await reportThroughRestarts({ kind, partMs: (MINUTES * 60_000) / 3, exportMs: 1000 })
    for (const one of reported) expectSameTotals(one)
    const requests = reported.map(({ totals }) => totals.requests)
    console.log(`${MINUTES} minutes on ${kind}: ${requests.join(', ')} requests reported, and as many counted`)
    expect(Math.min(...requests)).toBeGreaterThan(MINUTES * 100)
  },
  MINUTES * 60_000 + 120_000,
)
