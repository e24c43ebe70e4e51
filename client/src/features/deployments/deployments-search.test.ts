import { describe, expect, it } from 'vitest'
import { readDeploymentsSearch } from './deployments-search.ts'

describe('readDeploymentsSearch', () => {
  it('keeps what it knows', () => {
    const search = { status: 'ACTIVE', q: 'llama', model: 'a/b', sort: 'p95Ms', dir: 'desc', hide: 'age', new: 'x' }
    expect(readDeploymentsSearch(search)).toEqual(search)
  })

  it('drops what is malformed instead of failing', () => {
    expect(readDeploymentsSearch({ status: 'GONE', q: {}, sort: 'colour', dir: 'desc', hide: 7, other: 1 })).toEqual({})
  })

  it('takes a search for digits as text', () => {
    expect(readDeploymentsSearch({ q: 123 })).toEqual({ q: '123' })
  })
})
