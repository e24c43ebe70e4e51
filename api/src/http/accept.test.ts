import { describe, expect, it } from 'vitest'
import { acceptedBy } from './accept.ts'

const LEGACY = 'application/json'
const RESPONSE = 'application/graphql-response+json'

describe('an Accept header', () => {
  it.each([
    [undefined, LEGACY, true],
    ['*/*', LEGACY, true],
    ['application/*', LEGACY, false],
    [`${LEGACY}, ${RESPONSE}`, LEGACY, false],
    [`${RESPONSE}; charset=utf-8, ${LEGACY};q=0.9`, RESPONSE, false],
    [' Application/JSON ', LEGACY, false],
    ['text/event-stream', undefined, true],
    ['text/*', undefined, true],
    [`text/event-stream,${LEGACY}`, LEGACY, true],
    ['multipart/mixed', undefined, false],
    ['image/png', undefined, false],
    ['', LEGACY, true],
  ] as const)('of %j takes %s in one piece; event streams: %s', (header, json, events) => {
    expect(acceptedBy(header)).toEqual({ json, events })
  })
})
