import { expect, it } from 'vitest'
import { createHttpTestServer } from '../../test/http-test-server.ts'
import { rawHttp } from '../../test/raw-http.ts'
import { WsTestClient } from '../../test/ws-client.ts'
import { CALLS } from '../base/limits.ts'

it('Another caller is answered before all the new documents that one caller sends at once are parsed', async () => {
  await using server = await createHttpTestServer()
  const noisy = await WsTestClient.connect(server.origin, server.store.addToken('noisy'))
  const quiet = await WsTestClient.connect(server.origin, server.store.addToken('quiet'))
  let answered = 0
  noisy.socket.on('message', (data: Buffer) => {
    if (data.includes('"next"')) answered += 1
  })
  for (let n = 0; n < 60; n += 1) noisy.subscribe(`{ name${n}: whoami }`)
  quiet.subscribe('{ mine: whoami }')
  expect(await quiet.next()).toEqual({ data: { mine: 'token quiet' } })
  expect(answered).toBeLessThan(60)
})

it('Of the calls of one caller a few run at a time, over all transports together, and those of others run beside them', async () => {
  await using server = await createHttpTestServer()
  const { state } = server
  const token = server.store.addToken('noisy')
  const noisy = await WsTestClient.connect(server.origin, token)
  for (let n = 0; n < CALLS.queries.atOnce; n += 1) noisy.subscribe(`{ wait${n}: wait }`)
  const ask = (bearer: string, query: string) =>
    rawHttp(server.port, {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ query }),
    })
  const others = Array.from({ length: 5 }, (_, n) => ask(token, `{ other${n}: wait }`))
  // In the order in which it came: this query has waited for all of those.
  const last = ask(token, '{ whoami }')
  expect((await ask(server.store.addToken('quiet'), '{ whoami }')).json().data).toEqual({ whoami: 'token quiet' })
  expect(state.waiting).toBe(CALLS.queries.atOnce)
  state.release()
  const progress = { isOver: false }
  const all = Promise.all([...others, last]).then((answers) => {
    progress.isOver = true
    return answers
  })
  while (!progress.isOver) {
    expect(state.waiting).toBeLessThanOrEqual(CALLS.queries.atOnce)
    state.release()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await all).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
})
