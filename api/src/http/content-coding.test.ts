import { expect, it } from 'vitest'
import { codingFor } from './content-coding.ts'

it.each([
  [undefined, 'identity', 'identity'],
  ['', 'identity', 'identity'],
  ['gzip, deflate, br, zstd', 'br', 'identity'],
  ['gzip, deflate', 'gzip', 'identity'],
  ['GZIP;Q=1.0', 'gzip', 'identity'],
  ['x-gzip', 'gzip', 'identity'],
  ['br;q=0.5, gzip;q=0.8', 'gzip', 'identity'],
  ['br;q=0, gzip', 'gzip', 'identity'],
  ['br ; q=0.000 , gzip ; q=0', 'identity', 'identity'],
  ['*', 'br', 'identity'],
  ['br;q=0, *', 'gzip', 'identity'],
  ['gzip;q=0.5, identity', 'identity', 'identity'],
  ['gzip;q=0.5', 'gzip', 'identity'],
  ['identity;q=0, gzip', 'gzip', 'gzip'],
  ['*;q=0, gzip', 'gzip', 'gzip'],
  // Nothing of ours is allowed: the body as it is serves more than none.
  ['*;q=0', 'identity', 'identity'],
  ['deflate, zstd', 'identity', 'identity'],
  ['gzip;q=none', 'identity', 'identity'],
  ['gzip;q=7', 'gzip', 'identity'],
] as const)('Accept-Encoding: %s takes a large body as %s, a small one as %s', (header, large, small) => {
  expect(codingFor(header, ['br', 'gzip'], 1024)).toBe(large)
  expect(codingFor(header, ['br', 'gzip'], 1023)).toBe(small)
})

it('a body that has only one coding is sent in it, or as it is', () => {
  expect(codingFor('br, gzip;q=0.1', ['gzip'], 1024)).toBe('gzip')
  expect(codingFor('br', ['gzip'], 1024)).toBe('identity')
})
