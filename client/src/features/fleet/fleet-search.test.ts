import { describe, expect, it } from 'vitest'
import { readFleetSearch } from './fleet-search.ts'

describe('readFleetSearch', () => {
  it('keeps what it knows', () => {
    const search = { status: 'ACTIVE', q: 'llama', model: 'a/b', sort: 'p95Ms', dir: 'desc', hide: 'age', new: 'x' }
    expect(readFleetSearch(search)).toEqual(search)
  })

  it('drops what is malformed instead of failing', () => {
    expect(readFleetSearch({ status: 'GONE', q: {}, sort: 'colour', dir: 'desc', hide: 7, other: 1 })).toEqual({})
  })

  it('takes a search for digits as text', () => {
    expect(readFleetSearch({ q: 123 })).toEqual({ q: '123' })
  })
})
