import { expect, it } from 'vitest'
import { withoutBasePath } from './base-path.ts'

it.each([
  ['/gaugeline', '/'],
  ['/gaugeline/', '/'],
  ['/gaugeline?back=1', '/?back=1'],
  ['/gaugeline/graphql?query={a}', '/graphql?query={a}'],
  ['/gaugeline/gaugeline/x', '/gaugeline/x'],
  ['/graphql', '/graphql'],
  ['/gaugelines/graphql', '/gaugelines/graphql'],
  ['/', '/'],
])('with the path of PUBLIC_URL or without it, %s is our own %s', (url, own) => {
  expect(withoutBasePath(url, '/gaugeline')).toBe(own)
  expect(withoutBasePath(own, '')).toBe(own)
})
