import { parse } from 'graphql'
import { expect, it } from 'vitest'
import { MAX_CACHED_DOCUMENT_BYTES } from '../base/limits.ts'
import { DocumentCache } from './document-cache.ts'
import { bytesOfDocument } from './document-memory.ts'

it('The cache of documents is bounded by the memory they take, and keeps the latest.', () => {
  const cache = new DocumentCache()
  const large = parse(`{ ${'a '.repeat(8_000)} }`)
  const room = Math.floor(MAX_CACHED_DOCUMENT_BYTES / bytesOfDocument(large))
  for (let one = 0; one <= room; one += 1) cache.set(String(one), large)
  expect(cache.get('0')).toBeUndefined()
  expect(cache.get('1')).toBe(large)
  // Small ones take little room.
  const small = parse('{ a }')
  for (let one = 0; one < 1_000; one += 1) cache.set(`small ${one}`, small)
  expect(cache.get('small 0')).toBe(small)
  expect(cache.get(String(room))).toBe(large)
})
