import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import { rawHttp } from '../../test/raw-http.ts'
import { WsTestClient } from '../../test/ws-client.ts'
import { RefusedError } from '../base/errors.ts'
import { ALL_SCOPES } from '../base/viewer.ts'
import { Budgets } from './budgets.ts'

const amira = { name: 'amira', scopes: ALL_SCOPES, key: 'token:1' }
const bruno = { name: 'bruno', scopes: ALL_SCOPES, key: 'token:2' }
const rates = { operations: { capacity: 100, perSecond: 10 }, subscriptions: { capacity: 5, perSecond: 1 } }

function refusal(run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error instanceof RefusedError ? error.extensions : error
  }
  return undefined
}

describe('a budget', () => {
  it('is spent by its own caller only, refuses what it cannot pay for, and refills over time', () => {
    const time = { ms: 0 }
    const budgets = new Budgets(rates, () => time.ms)
    budgets.spend('operations', amira, 90)
    expect(budgets.state('operations', amira)).toEqual({ limit: 100, remaining: 10, resetSeconds: 9 })
    expect(refusal(() => budgets.spend('operations', amira, 31))).toMatchObject({
      code: 'RATE_LIMITED',
      limit: 'operations',
      max: 100,
      asked: 31,
      retryAfterSeconds: 3,
    })
    budgets.spend('operations', bruno, 100)
    budgets.spend('subscriptions', amira, 5)
    time.ms += 2_100
    budgets.spend('operations', amira, 31)
    time.ms += 3_600_000
    expect(budgets.state('operations', amira)).toEqual({ limit: 100, remaining: 100, resetSeconds: 0 })
  })
})

describe('a caller whose budget is spent', () => {
  const budgets = { operations: { capacity: 6, perSecond: 0.01 }, subscriptions: { capacity: 1, perSecond: 0.01 } }
  const ask = (port: number, query: string, accept = 'application/json') =>
    rawHttp(port, {
      method: 'POST',
      path: '/graphql',
      headers: { accept, 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ query }),
    })

  it('is refused with status 429 over HTTP', async () => {
    await using server = await createHttpTestServer({ budgets })
    // The new document costs one point for its characters and two for its tokens; each run costs one.
    for (const remaining of [2, 1, 0]) {
      const { status, headers } = await ask(server.port, '{ whoami }')
      expect([status, headers['ratelimit-limit'], headers['ratelimit-remaining']]).toEqual([
        200,
        '6',
        String(remaining),
      ])
    }
    const refused = await ask(server.port, '{ whoami }')
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '100'])
    expect(refused.json().errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 100 } }])
    expect((await ask(server.port, '{ hello }', 'text/event-stream')).body).toContain('"RATE_LIMITED"')
  })

  it('pays for refused documents as well', async () => {
    await using server = await createHttpTestServer({ budgets })
    for (let i = 0; i < 2; i += 1) expect((await ask(server.port, `{ nothing${i} }`)).status).toBe(200)
    const refused = await ask(server.port, '{ nothing2 }')
    expect([refused.status, refused.json().errors?.[0]?.extensions.code]).toEqual([429, 'RATE_LIMITED'])
  })

  it('is refused over a WebSocket, which stays open; subscriptions have a separate budget', async () => {
    const operations = { capacity: 11, perSecond: 0.01 }
    await using server = await createHttpTestServer({ budgets: { ...budgets, operations } })
    const client = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
    const limited = { extensions: { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) } }
    client.subscribe('subscription { count(to: 1) }')
    expect(await client.next()).toEqual({ data: { count: '1' } })
    client.subscribe('subscription { count(to: 1) }')
    expect((await client.next()).errors).toMatchObject([
      { ...limited, message: expect.stringContaining('subscriptions') },
    ])
    await client.messages.next()
    for (let i = 0; i < 2; i += 1) {
      client.subscribe('{ whoami }')
      expect(await client.next()).toEqual({ data: { whoami: 'admin' } })
      await client.messages.next()
    }
    client.subscribe('{ whoami }')
    expect((await client.next()).errors).toMatchObject([limited])
  })
})
