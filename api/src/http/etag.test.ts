import { expect, it } from 'vitest'
import { etagOf, isKnown } from './etag.ts'

it('equal bodies have the same weak tag, others another', () => {
  expect(etagOf(Buffer.from('{"data":1'))).toBe(etagOf(Buffer.from('{"data":1')))
  expect(etagOf(Buffer.from('{"data":1'))).not.toBe(etagOf(Buffer.from('{"data":2')))
  expect(etagOf(Buffer.from(''))).toMatch(/^W\/"[\w-]{22}"$/)
})

it.each([
  [undefined, false],
  ['', false],
  ['W/"a"', true],
  ['"a"', true],
  ['"b", W/"a"', true],
  ['"b","c,a"', false],
  ['"b, ", "a"', true],
  ['*', true],
  [' * ', true],
  ['"*"', false],
  ['a', false],
])('If-None-Match: %s names the body with the tag W/"a": %s', (header, known) => {
  expect(isKnown('W/"a"', header)).toBe(known)
})
