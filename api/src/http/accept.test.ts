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
    expect(acceptedBy(header)).toEqual({ json, events, parts: false })
  })

  it.each([
    [`multipart/mixed;boundary=graphql;subscriptionSpec=1.0,${RESPONSE},${LEGACY};q=0.9`, RESPONSE, true],
    [`Multipart/Mixed; boundary="graphql"; subscriptionSpec="1.0", ${LEGACY}`, LEGACY, true],
    [`multipart/mixed;deferSpec=20220824,${LEGACY}`, LEGACY, false],
    ['multipart/mixed;subscriptionSpec=2.0', undefined, false],
    ['*/*', LEGACY, false],
  ] as const)('of %j takes %s in one piece; the parts of a subscription: %s', (header, json, parts) => {
    expect(acceptedBy(header)).toMatchObject({ json, parts })
  })
})
