import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { surviveOutage } from './database-outage.ts'

const without = (await testDatabaseKinds()).includes('postgres') ? '' : ' (skipped: no PostgreSQL server)'

it.skipIf(without !== '')(
  `a server continues without a hole and with all its subscribers after PostgreSQL was gone for three seconds${without}`,
  async () => {
    await expect(surviveOutage({ fault: 'cut', ms: 3_000, answerMs: 4_500 })).resolves.toBeUndefined()
  },
  120_000,
)

it.skipIf(without !== '')(
  `a server continues without a hole and with all its subscribers after PostgreSQL did not answer for a while${without}`,
  async () => {
    await expect(surviveOutage({ fault: 'hang', ms: 1_000, answerMs: 10_000 })).resolves.toBeUndefined()
  },
  120_000,
)
