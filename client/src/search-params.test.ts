import { describe, expect, it } from 'vitest'
import { readDeploymentSearch } from './features/deployments/deployment-search.ts'
import { readDeploymentsSearch } from './features/deployments/deployments-search.ts'
import { readSignInSearch } from './features/session/sign-in-search.ts'
import { readSettingsSearch } from './features/settings/settings-search.ts'
import { readTrainingJobSearch, readTrainingSearch } from './features/training/training-search.ts'
import { parseSearch, writeSearch } from './search-params.ts'

/** Every parameter of every route: what a value that a person wrote may become. */
const TEXT = 'the text itself'
const ROUTES = [
  {
    route: '/deployments',
    read: readDeploymentsSearch,
    parameters: { status: [], q: TEXT, model: TEXT, sort: [], dir: [], hide: [], over: [], new: TEXT },
  },
  {
    route: '/deployments/$id',
    read: readDeploymentSearch,
    parameters: { range: ['7d'], from: [], to: [], log: ['true'], heatmap: ['true'] },
  },
  {
    route: '/training-jobs',
    read: readTrainingSearch,
    parameters: { status: [], q: TEXT, model: TEXT, sort: [], dir: [], start: ['true'] },
  },
  { route: '/training-jobs/$id', read: readTrainingJobSearch, parameters: { log: ['true'] } },
  {
    route: '/settings',
    read: readSettingsSearch,
    parameters: { newToken: ['true'], revoke: TEXT, newWebhook: ['true'], deleteWebhook: TEXT },
  },
  { route: '/sign-in', read: readSignInSearch, parameters: { back: [] } },
] as const

const WRITTEN = [
  'true',
  'false',
  'null',
  '0',
  '1',
  '123',
  '1e5',
  '0x10',
  '12345678901234567890',
  '[1,2]',
  '{"a":1}',
  '"quoted"',
  'undefined',
  'ACTIV',
  '7d',
  'a b&c=d#e%',
  'ärger',
]

const CASES = ROUTES.flatMap(({ route, read, parameters }) =>
  Object.entries(parameters).map(([name, kept]: [string, string | readonly string[]]) => ({ route, read, name, kept })),
)

describe('the search parameters of an address', () => {
  it.each(CASES)('$name of $route is a default or a text, whatever a person writes', ({ read, name, kept }) => {
    for (const value of WRITTEN) {
      const found: Record<string, unknown> = { ...read(parseSearch(`?${name}=${encodeURIComponent(value)}`)) }
      const expected = kept === TEXT || kept.includes(value) ? value : undefined
      expect({ value, found: found[name] === true ? 'true' : found[name] }).toEqual({ value, found: expected })
      // The router keeps the raw value of whatever is not returned.
      expect(Object.keys(found)).toContain(name)
    }
    for (const nothing of ['', name, `${name}=`]) {
      expect(writeSearch({ ...read(parseSearch(nothing)) })).toBe('')
    }
  })

  it.each(ROUTES)('of $route are written as they are read', ({ read }) => {
    const search =
      '?status=PAUSED&status=ACTIVE&q=true&model=1e5&sort=status&dir=desc&hide=p99Ms%2Cage&range=1h&log=true&start=true' +
      '&newToken=true&revoke=x&back=%2Fsettings%3Fa%3Db'
    const once = writeSearch({ ...read(parseSearch(search)) })
    expect(once).not.toBe('')
    expect(writeSearch({ ...read(parseSearch(once)) })).toBe(once)
    for (const [name, value] of new URLSearchParams(once)) expect(parseSearch(search)[name]).toBe(value)
  })

  it('of any length are cut to what the API searches for', () => {
    expect(readDeploymentsSearch(parseSearch(`?q=${'a'.repeat(1000)}`)).q).toHaveLength(200)
  })

  it('are texts even where they are malformed, repeated or named like a part of an object', () => {
    expect(parseSearch('?q=%E0%A4%A&q=%')).toEqual({ q: '%' })
    expect(Object.keys(parseSearch('?__proto__=1&constructor=2'))).toEqual(['__proto__', 'constructor'])
  })
})

describe('readDeploymentsSearch', () => {
  it('hides only columns that exist, and never the one that names the row', () => {
    expect(readDeploymentsSearch({ hide: 'age,colour,model,p50Ms,age' }).hide).toBe('p50Ms,age')
    expect(readDeploymentsSearch({ hide: 'model' }).hide).toBeUndefined()
  })

  it('sorts by no column that has no order, and in no direction without a column', () => {
    expect(readDeploymentsSearch({ sort: 'trend', dir: 'desc' })).toMatchObject({ sort: undefined, dir: undefined })
    expect(readDeploymentsSearch({ sort: 'p95Ms', dir: 'desc' })).toMatchObject({ sort: 'p95Ms', dir: 'desc' })
  })
})
