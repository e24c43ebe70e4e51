import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { surviveReportKills } from './survive-report-kills.ts'

it.each(await testDatabaseKinds())(
  'a server that is killed twenty times under reports counts what it acknowledged, once, on %s',
  async (kind) => {
    await expect(surviveReportKills(kind, 20)).resolves.toBeUndefined()
  },
  1_200_000,
)
