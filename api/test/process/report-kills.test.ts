import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { surviveReportKills } from './survive-report-kills.ts'

it('a server that is killed under reports counts what it acknowledged, once', async () => {
  const kind = (await testDatabaseKinds()).at(-1) ?? 'embedded'
  await expect(surviveReportKills(kind, 1)).resolves.toBeUndefined()
}, 120_000)
