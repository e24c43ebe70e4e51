import { expect, it } from 'vitest'
import { createHttpTestServer } from '../../test/http-test-server.ts'
import { rawHttp } from '../../test/raw-http.ts'
import { WsTestClient } from '../../test/ws-client.ts'

it('A refusal for too many wrong credentials says over every transport after how many seconds to try again', async () => {
  await using server = await createHttpTestServer()
  const token = server.store.addToken('1')
  const client = await WsTestClient.connect(server.origin, token)
  const ask = (bearer: string, accept = 'application/json') =>
    rawHttp(server.port, {
      method: 'POST',
      path: '/graphql',
      headers: { accept, 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ query: '{ whoami }' }),
    })
  for (let wrong = 0; wrong < 29; wrong += 1) expect((await ask(`wrong-${wrong}`)).status).toBe(401)

  // The token of the open socket is gone: the 30th wrong credential of this address, and from then on one too many.
  server.store.tokens.clear()
  server.auth.authenticator.forget()
  client.subscribe('{ whoami }')
  expect(await client.errors()).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  const limited = [{ extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 2 } }]
  client.subscribe('{ whoami }')
  expect(await client.errors()).toMatchObject(limited)
  for (const accept of ['application/json', 'text/event-stream']) {
    const refused = await ask(token, accept)
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '2'])
    expect(refused.json().errors).toMatchObject(limited)
  }
})
