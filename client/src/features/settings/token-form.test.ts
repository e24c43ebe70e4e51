import { describe, expect, it } from 'vitest'
import { checkToken, tokenFieldOf, type TokenForm, tokenState, toTokenInput } from './token-form.ts'

const NOW = Date.parse('2026-11-23T12:00:00.000Z')
const good: TokenForm = {
  name: ' release bot ',
  scopes: new Set(['DEPLOY', 'READ']),
  days: 30,
  deploymentId: null,
}

describe('the token form', () => {
  it('needs a name and a scope', () => {
    expect(checkToken(good)).toEqual({})
    expect(Object.keys(checkToken({ ...good, name: '  ', scopes: new Set() }))).toEqual(['name', 'scopes'])
    expect(checkToken({ ...good, name: 'x'.repeat(101) }).name).toContain('100')
  })

  it('is sent trimmed, with its scopes in their order and its expiry as a time', () => {
    const input = { name: 'release bot', scopes: ['READ', 'DEPLOY'] }
    expect(toTokenInput(good, NOW)).toEqual({ ...input, expiresAt: '2026-12-23T12:00:00.000Z' })
    expect(toTokenInput({ ...good, days: null }, NOW)).toEqual(input)
  })

  it('is bound to a deployment only if the token may do nothing but report', () => {
    const bound = { ...good, days: null, deploymentId: 'deployment 1' }
    expect(toTokenInput({ ...bound, scopes: new Set(['REPORT']) }, NOW)).toHaveProperty('deploymentId', 'deployment 1')
    expect(toTokenInput({ ...bound, scopes: new Set(['REPORT', 'READ']) }, NOW)).not.toHaveProperty('deploymentId')
  })

  it('finds the field of an issue', () => {
    expect(tokenFieldOf(['input', 'scopes', '0'])).toBe('scopes')
    expect(tokenFieldOf(['somewhere'])).toBeUndefined()
  })
})

describe('tokenState', () => {
  it('tells an expired token from a revoked one', () => {
    expect(tokenState({}, NOW)).toBe('active')
    expect(tokenState({ expiresAt: '2026-11-23T12:00:00.001Z' }, NOW)).toBe('active')
    expect(tokenState({ expiresAt: '2026-11-23T12:00:00.000Z' }, NOW)).toBe('expired')
    expect(tokenState({ expiresAt: '2026-11-23T12:00:00.000Z', revokedAt: '2026-11-01T00:00:00.000Z' }, NOW)).toBe(
      'revoked',
    )
  })
})
