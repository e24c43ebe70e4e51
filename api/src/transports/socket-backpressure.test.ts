import { describe, expect, it } from 'vitest'
import { CALLS } from '../base/limits.ts'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { WsTestClient } from '../../test/ws-client.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`

describe('a client that stops reading', () => {
  it('takes nothing from its source, and continues without a gap when it reads again', async () => {
    await using server = await createHttpTestServer()
    const total = 20_000
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.subscribe(`subscription { count(to: ${total}, padding: 1000) }`)
    client.pause()
    await server.state.untilPulledStandsStill()
    expect(server.state.pulled).toBeLessThan(total * 0.75)
    client.resume()
    for (let i = 1; i <= total; i += 1) {
      const { data } = await client.next()
      if (Number.parseInt(String(data?.count), 10) !== i) throw new Error(`${String(data?.count)} came as ${i}`)
    }
  })

  it.each([
    ['at once', 'padded'],
    ['after a while', 'wait padded'],
  ])(
    'is not read from while a megabyte is buffered for it; what was read waits: answers made %s',
    async (_, fields) => {
      await using server = await createHttpTestServer()
      const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
      client.pause()
      const requests = 100
      const answerBytes = 400_000
      // Over a megabyte altogether: the kernel may hand them to the server in one go, before it has made any answer.
      const document = `{ ${fields}(length: ${answerBytes}) } #${'-'.repeat(12_000)}`
      for (let i = 0; i < requests; i += 1) client.subscribe(`${document}${i}`)
      const releasing = setInterval(() => server.state.release(), 1)
      await server.state.untilPulledStandsStill()
      // Forty megabytes were requested. The kernel holds a few; the server one, and the answers to the queries that ran
      // then and those that took their places before these were sent.
      expect(await unreadBytesOf(server)).toBeLessThan(1024 * 1024 + 2 * CALLS.queries.atOnce * answerBytes)
      expect(server.state.pulled).toBeLessThan(requests)
      client.resume()
      // A next and a complete for each.
      await client.messages.take(requests * 2)
      clearInterval(releasing)
      expect(server.state.pulled).toBe(requests)
    },
  )

  it('does not hold up a shutdown, and what waited for it does not run then', async () => {
    await using server = await createHttpTestServer()
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    client.pause()
    for (let i = 0; i < 60; i += 1) client.subscribe(`{ padded(length: ${400_000 + i}) }`)
    await server.state.untilPulledStandsStill()
    const { pulled } = server.state
    const closed = server.server.close(10_000)
    await server.state.untilPulledStandsStill()
    client.resume()
    await closed
    expect(await client.closed).toMatchObject({ code: 1012 })
    expect(server.state.pulled).toBe(pulled)
  })
})

/** What the server holds for readers, by its own metric. */
async function unreadBytesOf(server: HttpTestServer): Promise<number> {
  const response = await fetch(`${server.origin}/metrics`, { headers: { authorization } })
  return Number(/^gaugeline_unread_bytes (\d+)$/m.exec(await response.text())?.[1])
}
