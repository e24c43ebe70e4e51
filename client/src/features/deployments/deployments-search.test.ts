import { describe, expect, it } from 'vitest'
import { readDeploymentsSearch } from './deployments-search.ts'

describe('readDeploymentsSearch', () => {
  it('keeps known parts', () => {
    const search = { status: 'ACTIVE', q: 'llama', model: 'a/b', sort: 'p95Ms', dir: 'desc', hide: 'age', new: 'x' }
    expect(readDeploymentsSearch(search)).toEqual(search)
  })

  it('drops malformed parts instead of failing', () => {
    expect(readDeploymentsSearch({ status: 'GONE', q: {}, sort: 'colour', dir: 'desc', hide: 7, other: 1 })).toEqual({})
  })

  it('reads a search for digits as text', () => {
    expect(readDeploymentsSearch({ q: 123 })).toEqual({ q: '123' })
  })
})
