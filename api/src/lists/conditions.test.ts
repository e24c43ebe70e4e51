import { Prisma } from '@gaugeline/prisma'
import { describe, expect, it } from 'vitest'
import { containing } from './conditions.ts'

const NAME = Prisma.sql`t.name`

describe('searching in a column', () => {
  it('matches characters, not a pattern', () => {
    expect(containing(NAME, String.raw`50%_\n`).values).toEqual([String.raw`%50\%\_\\n%`])
  })

  it('refuses longer texts than any name', () => {
    expect(() => containing(NAME, 'x'.repeat(201))).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }))
  })
})
