import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { surviveKills } from './survive-kills.ts'

it.each(await testDatabaseKinds())(
  'a server keeps everything it acknowledged when it is killed twice under traffic on %s',
  async (kind) => {
    await expect(surviveKills(kind, { kills: 2 })).resolves.toBeUndefined()
  },
  120_000,
)
