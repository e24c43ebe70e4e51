import { createClient } from 'graphql-sse'
import { describe, expect, it } from 'vitest'
import { GraphQLTestClient } from '../../test/graphql-client.ts'
import type { HttpTestServer } from '../../test/http-test-server.ts'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import { openRawHttp, pipeline, rawHttp } from '../../test/raw-http.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`

function get(server: HttpTestServer, query: string, accept: string) {
  const path = `/graphql?query=${encodeURIComponent(query)}`
  return rawHttp(server.port, { path, headers: { authorization, accept } })
}

describe('event streams', () => {
  it('send next and complete events', async () => {
    await using server = await createHttpTestServer()
    const client = GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN)
    const stream = await client.stream('subscription { countThenEnd(to: 2) }')
    expect(await stream.events.take(3)).toEqual([
      { event: 'next', data: { data: { countThenEnd: '1' } } },
      { event: 'next', data: { data: { countThenEnd: '2' } } },
      { event: 'complete', data: undefined },
    ])
    await stream.ended
  })

  it('carry a single result, or the errors of a document, for a caller that accepts nothing else', async () => {
    await using server = await createHttpTestServer()
    const client = GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN)
    const query = await client.stream('{ whoami }')
    expect(await query.events.take(2)).toEqual([
      { event: 'next', data: { data: { whoami: 'admin' } } },
      { event: 'complete', data: undefined },
    ])
    const wrong = await client.stream('subscription { nothing }')
    expect(await wrong.events.next()).toMatchObject({
      event: 'next',
      data: { errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
    })
    expect(await wrong.events.next()).toMatchObject({ event: 'complete' })
  })

  it('can be requested by GET', async () => {
    await using server = await createHttpTestServer()
    const { headers, body } = await get(server, 'subscription { countThenEnd(to: 1) }', 'text/event-stream')
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(body).toBe(
      ':\n\nevent: next\ndata: {"data":{"countThenEnd":"1"}}\n\nid: complete\nevent: complete\ndata:\n\n',
    )
  })

  it('are not sent to a caller that accepts only JSON', async () => {
    await using server = await createHttpTestServer()
    const { status, json } = await get(server, 'subscription { count(to: 1) }', 'application/json')
    expect([status, json().errors?.[0]?.extensions.code]).toEqual([406, 'BAD_REQUEST'])
    expect(server.state.closedSources).toBe(1)
  })

  it('report a failing source with a masked error, and end', async () => {
    await using server = await createHttpTestServer()
    const stream = await GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN).stream('subscription { failing }')
    await stream.next()
    const { data } = await stream.events.next()
    expect(data?.errors?.map((error) => error.extensions?.code)).toEqual(['INTERNAL'])
    expect(JSON.stringify(data)).not.toContain('secret')
    expect(await stream.events.next()).toMatchObject({ event: 'complete' })
    expect(server.logged.filter((line) => JSON.stringify(line).includes('secret detail of the source'))).toHaveLength(1)
  })

  it('end their source when the reader disconnects', async () => {
    await using server = await createHttpTestServer()
    const stream = await GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN).stream('subscription { count(to: 1) }')
    await stream.next()
    await stream.close()
    await server.state.untilClosedSources(1)
    expect(server.state.closedSources).toBe(1)
  })

  it('end their source when the reader disconnects before earlier responses are sent', async () => {
    await using server = await createHttpTestServer()
    const socket = pipeline(server.port, authorization, '*/*', ['{ wait }', 'subscription { count(to: 1) }'])
    await server.state.untilWaiting()
    socket.destroy()
    await server.state.untilClosedSources(1)
    expect([server.state.pulled, server.state.closedSources]).toEqual([0, 1])
    server.state.release()
  })

  it('take nothing from the source for a reader that has stopped, and continue without a gap when it reads again', async () => {
    await using server = await createHttpTestServer()
    const total = 20_000
    const response = await openRawHttp(server.port, {
      path: `/graphql?query=${encodeURIComponent(`subscription { count(to: ${total}, padding: 1000) }`)}`,
      headers: { authorization, accept: 'text/event-stream' },
    })
    // The response is not read: the kernel takes a few megabytes of the twenty, then nothing more may be taken from the
    // source.
    await server.state.untilPulledStandsStill()
    const pulledWhileStopped = server.state.pulled
    expect(pulledWhileStopped).toBeLessThan(total * 0.75)
    let seen = 0
    let text = ''
    for await (const chunk of response) {
      text += String(chunk)
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const value = /"count":"(\d+)/.exec(event)?.[1]
        if (value === undefined) continue
        seen += 1
        if (Number(value) !== seen) throw new Error(`${value} came after ${seen - 1}`)
      }
      if (seen === total) break
    }
    expect(seen).toBe(total)
  })
})

describe('the published graphql-sse client', () => {
  it('subscribes, queries and completes', async () => {
    await using server = await createHttpTestServer()
    const client = createClient({ url: `${server.origin}/graphql`, headers: { authorization }, retryAttempts: 0 })
    const results = []
    for await (const result of client.iterate({ query: 'subscription { countThenEnd(to: 3) }' })) {
      results.push(result.data?.countThenEnd)
    }
    expect(results).toEqual(['1', '2', '3'])
    for await (const result of client.iterate({ query: '{ whoami }' })) expect(result.data).toEqual({ whoami: 'admin' })
    client.dispose()
  })

  it('gets an error for a missing credential', async () => {
    await using server = await createHttpTestServer()
    const client = createClient({ url: `${server.origin}/graphql`, retryAttempts: 0 })
    const failed = new Promise((resolve) => {
      client.subscribe({ query: '{ whoami }' }, { next: () => undefined, error: resolve, complete: () => undefined })
    })
    expect(await failed).toMatchObject({ response: { status: 401 } })
  })
})
