import { Prisma } from '@gaugeline/prisma'
import { describe, expect, it } from 'vitest'
import { checkSearch, containing, foldCase } from './text-search.ts'

const NAME = Prisma.sql`t.name`

describe('searching in a text', () => {
  it('matches characters, not a pattern', () => {
    expect(containing(NAME, String.raw`50%_\n`).values).toEqual([String.raw`%50\%\_\\n%`])
  })

  it('accepts texts as long as a name, and refuses longer ones', () => {
    for (const refuse of [checkSearch, (text: string) => containing(NAME, text)]) {
      expect(() => refuse('x'.repeat(201))).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }))
      refuse('x'.repeat(200))
    }
  })

  it('folds case one character at a time, regardless of its position', () => {
    expect(foldCase('ÄRGER ΟΔΟΣ ЖУК K')).toBe('ärger οδοσ жук k')
    expect(foldCase('İstanbul')).toBe('istanbul')
    expect(foldCase('straße 🦀')).toBe('straße 🦀')
  })
})
