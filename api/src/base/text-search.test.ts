import { describe, expect, it } from 'vitest'
import { checkSearch, containing, foldCase } from './text-search.ts'

describe('searching in a text', () => {
  it('matches characters, not a pattern', () => {
    expect(containing(String.raw`50%_\n`)).toEqual({ contains: String.raw`50\%\_\\n`, mode: 'insensitive' })
  })

  it('accepts texts as long as a name, and refuses longer ones', () => {
    for (const refuse of [checkSearch, containing]) {
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
