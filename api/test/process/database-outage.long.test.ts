import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { surviveOutage } from './database-outage.ts'

const without = (await testDatabaseKinds()).includes('postgres') ? '' : ' (skipped: no PostgreSQL server)'

it.skipIf(without !== '').each([
  ['cut', 4_500],
  ['hang', 10_000],
] as const)(
  `goes on without a hole when PostgreSQL was gone for thirty seconds: %s${without}`,
  async (fault, answerMs) => {
    await expect(surviveOutage({ fault, ms: 30_000, answerMs })).resolves.toBeUndefined()
  },
  180_000,
)
