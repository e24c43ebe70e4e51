import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { surviveKills } from './survive-kills.ts'

it.each(await testDatabaseKinds())(
  'loses nothing it had promised when it is killed twenty times under traffic, and while it starts, on %s',
  async (kind) => {
    await expect(surviveKills(kind, { kills: 20, killsStarts: true })).resolves.toBeUndefined()
  },
  1_200_000,
)
