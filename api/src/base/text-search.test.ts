import { describe, expect, it } from 'vitest'
import { checkSearch, foldCase } from './text-search.ts'

describe('searching in a text', () => {
  it('accepts texts as long as a name, and refuses longer ones', () => {
    expect(() => checkSearch('x'.repeat(201))).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }))
    checkSearch('x'.repeat(200))
  })

  it('folds case one character at a time, regardless of its position', () => {
    expect(foldCase('ÄRGER ΟΔΟΣ ЖУК K')).toBe('ärger οδοσ жук k')
    expect(foldCase('İstanbul')).toBe('istanbul')
    expect(foldCase('straße 🦀')).toBe('straße 🦀')
  })
})
