import { describe, expect, it } from 'vitest'
import { wayBack } from './way-back.ts'

const origin = 'https://gauges.example'

describe('the page after signing in', () => {
  it.each(['/deployments?q=a#b', '/training-jobs/VHJh', '/settings'])('is a page of this client: %s', (back) => {
    expect(wayBack(back, origin)).toBe(back)
  })

  it.each([
    undefined,
    '',
    '/sign-in?back=%2F',
    '/./sign-in',
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n\\evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    'https://gauges.example.evil.example/',
    'https://gauges.example:444/',
    '//',
  ])('is the start page instead of: %j', (back) => {
    expect(new URL(wayBack(back, origin), origin).href).toMatch(/^https:\/\/gauges\.example\/(deployments)?$/)
  })
})
