import { describe, expect, it, vi } from 'vitest'
import { HEARTBEAT_MS } from '../base/limits.ts'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { openRawHttp, rawHttp } from '../../test/raw-http.ts'

const APOLLO = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json'
const PART = '\r\nContent-Type: application/json\r\n\r\n'
const CLOSE = '\r\n--graphql'
/** How a stream begins, so that its reader has something at once. */
const BEGINNING = `${CLOSE}${PART}{}${CLOSE}`

function requestFor(query: string, accept = APOLLO) {
  const path = `/graphql?query=${encodeURIComponent(query)}`
  return { path, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, accept } }
}

const ask = (server: HttpTestServer, query: string, accept?: string) => rawHttp(server.port, requestFor(query, accept))

describe('a subscription in parts, as Apollo’s clients ask for it', () => {
  it('is a payload a part, each closed by the boundary, and an end', async () => {
    await using server = await createHttpTestServer()
    const { status, headers, body } = await ask(server, 'subscription { countThenEnd(to: 2) }')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
      'cache-control': 'no-cache, no-store, no-transform',
      'x-accel-buffering': 'no',
    })
    const parts = [1, 2].map((n) => `${PART}{"payload":{"data":{"countThenEnd":"${n}"}}}${CLOSE}`)
    expect(body).toBe(`${BEGINNING}${parts.join('')}--\r\n`)
  })

  it('ends with an error of the stream when its source fails', async () => {
    await using server = await createHttpTestServer()
    const { body } = await ask(server, 'subscription { failing }')
    const last = body.split(CLOSE).at(-2)?.replace(PART, '') ?? ''
    expect(JSON.parse(last)).toMatchObject({ payload: null, errors: [{ extensions: { code: 'INTERNAL' } }] })
    expect(body).not.toContain('secret')
    expect(body.endsWith(`${CLOSE}--\r\n`)).toBe(true)
  })

  it('is not begun for a document that is wrong, nor for a query: those are answered in JSON', async () => {
    await using server = await createHttpTestServer()
    const wrong = await ask(server, 'subscription { nothing }')
    expect([wrong.status, wrong.headers['content-type']]).toEqual([
      400,
      'application/graphql-response+json; charset=utf-8',
    ])
    expect((await ask(server, '{ whoami }')).json()).toEqual({ data: { whoami: 'admin' } })
    // A caller that accepts nothing else gets one payload.
    const { body } = await ask(server, '{ whoami }', 'multipart/mixed;subscriptionSpec=1.0')
    expect(body).toBe(`${BEGINNING}${PART}{"payload":{"data":{"whoami":"admin"}}}${CLOSE}--\r\n`)
  })

  it('is refused with what would be accepted when the caller accepts neither parts nor events', async () => {
    await using server = await createHttpTestServer()
    const { status, json } = await ask(server, 'subscription { count }', 'multipart/mixed, application/json')
    expect([status, json().errors?.[0]?.message]).toEqual([
      406,
      'Accept application/json; for a subscription, accept text/event-stream or multipart/mixed;subscriptionSpec=1.0.',
    ])
  })

  it('has an empty part as a heartbeat', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using server = await createHttpTestServer()
    const response = await openRawHttp(server.port, requestFor('subscription { count }'))
    const chunks = response.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
    expect(String((await chunks.next()).value)).toBe(BEGINNING)
    vi.advanceTimersByTime(HEARTBEAT_MS)
    expect(String((await chunks.next()).value)).toBe(`${PART}{}${CLOSE}`)
    response.destroy()
    await server.state.untilClosedSources(1)
    vi.useRealTimers()
  })

  it('takes nothing from the source for a reader that has stopped, and continues without a gap', async () => {
    await using server = await createHttpTestServer()
    const total = 20_000
    const response = await openRawHttp(server.port, requestFor(`subscription { count(to: ${total}, padding: 1000) }`))
    await server.state.untilPulledStandsStill()
    expect(server.state.pulled).toBeLessThan(total * 0.75)
    let seen = 0
    let text = ''
    for await (const chunk of response) {
      text += String(chunk)
      const parts = text.split(CLOSE)
      text = parts.pop() ?? ''
      for (const part of parts) {
        const value = /"count":"(\d+)/.exec(part)?.[1]
        if (value === undefined) continue
        seen += 1
        if (Number(value) !== seen) throw new Error(`${value} came after ${seen - 1}`)
      }
      if (seen === total) break
    }
    expect(seen).toBe(total)
  })
})
