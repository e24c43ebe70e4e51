import { describe, expect, it } from 'vitest'
import { wayBack } from './way-back.ts'

const origin = 'https://gauges.example'

describe('the way back after signing in', () => {
  it.each(['/deployments?q=a#b', '/training-jobs/VHJh', '/settings'])('leads to a page of ours: %s', (back) => {
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
  ])('leads nowhere else: %j', (back) => {
    expect(new URL(wayBack(back, origin), origin).href).toMatch(/^https:\/\/gauges\.example\/(deployments)?$/)
  })
})
