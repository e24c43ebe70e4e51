import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DeliveryQueue } from '../src/webhooks/delivery-queue.ts'
import { DeliveryBacklog } from '../src/webhooks/delivery-backlog.ts'
import { deploy, succeed } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined
const skipped = hasPromtool ? '' : ' (skipped: promtool, of the Debian package prometheus, is not on the PATH)'

describe('the metrics of the server', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp('embedded', { sampleIntervalMs: 60_000, webhookAllowedHosts: ['127.0.0.1'] })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const call = (path: string, method = 'GET', token = ADMIN_TOKEN) =>
    fetch(`${app.origin}${path}`, { method, headers: { authorization: `Bearer ${token}`, accept: 'application/json' } })
  const scrape = async () => (await call('/metrics')).text()
  const seriesOf = (text: string, name: string) =>
    text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  /** Resolves when a scrape holds this line: a request is counted when its connection is done with it. */
  const until = (line: string) =>
    vi.waitUntil(async () => (await scrape()).split('\n').includes(line), { timeout: 10_000, interval: 20 })

  it('count requests by route, method and status, with a fixed number of routes and methods', async () => {
    for (const path of ['/graphql?query={viewer{name}}', '/wp-login.php', '/.env', '/healthz']) {
      await (await call(path)).text()
    }
    await (await call('/graphql', 'PROPFIND')).text()
    await (await call('/graphql', 'GET', 'nobody')).text()
    await until('gaugeline_http_requests_total{route="/graphql",method="GET",status="200"} 1')
    await until('gaugeline_http_requests_total{route="/graphql",method="GET",status="401"} 1')
    await until('gaugeline_http_requests_total{route="/graphql",method="other",status="405"} 1')
    await until('gaugeline_http_requests_total{route="/healthz",method="GET",status="200"} 1')
    await until('gaugeline_http_request_duration_seconds_count{route="other"} 2')
    const text = await scrape()
    expect(text).not.toMatch(/wp-login|\.env|PROPFIND/)
    expect(text).toContain('gaugeline_errors_total{code="UNAUTHENTICATED"} 1')
  })

  it('count operations by type and outcome, and errors by code, over every transport', async () => {
    const { client } = app
    await deploy(client)
    await client.request('{ nothing }')
    await client.request('{')
    await client.request('{ deployment(id: "x") { id } }')
    const stream = await client.stream('subscription { deploymentEvents { cursor } }')
    await stream.close()
    const text = await scrape()
    for (const line of [
      'gaugeline_operations_total{type="mutation",outcome="success"} 2',
      'gaugeline_operations_total{type="subscription",outcome="success"} 1',
      'gaugeline_operations_total{type="query",outcome="error"} 1',
      'gaugeline_operations_total{type="unknown",outcome="error"} 2',
      'gaugeline_errors_total{code="GRAPHQL_PARSE_FAILED"} 1',
      'gaugeline_errors_total{code="BAD_USER_INPUT"} 1',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    expect(seriesOf(text, 'gaugeline_errors_total').join()).toContain('GRAPHQL_VALIDATION_FAILED')
    // A stream lasts as long as its reader wants, which says nothing about the server.
    await until('gaugeline_http_requests_total{route="/graphql",method="POST",status="200"} 4')
    expect(await scrape()).toContain('gaugeline_http_request_duration_seconds_count{route="/graphql"} 8')
  })

  it('count attempts to deliver webhooks by outcome, and tell how many deliveries wait', async () => {
    await using receiver = await WebhookReceiver.start()
    receiver.answer = (response, { path }) => void response.writeHead(path === '/bad' ? 500 : 204).end()
    for (const path of ['/good', '/bad']) {
      const input = { name: path, url: receiver.url(path), events: ['DEPLOYMENT_DEPLOYED'] }
      await succeed(app.client, 'createWebhook', input, 'secret')
    }
    await deploy(app.client)
    await until('gaugeline_webhook_attempts_total{outcome="success"} 1')
    await until('gaugeline_webhook_attempts_total{outcome="status"} 1')
    expect(await app.deps.deliveryQueue.backlog()).toMatchObject({ pending: 1, oldestAt: expect.any(Date) })
    expect(seriesOf(await scrape(), 'gaugeline_webhook_deliveries_pending')).toHaveLength(1)
    await app.deps.services.prisma.webhook.updateMany({ data: { enabled: false } })
    expect(await app.deps.deliveryQueue.backlog()).toEqual({ pending: 0, oldestAt: null })
  })

  it('have a type and a help text each, and names that say their kind', async () => {
    const text = await scrape()
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => ({ name, type }))
    expect(types.length).toBeGreaterThan(30)
    for (const { name, type } of types) {
      expect([name, text.includes(`# HELP ${name} `)]).toEqual([name, true])
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
    }
    for (const line of text.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
      expect(line).toMatch(/^[a-z][a-z0-9_]*(\{([a-z_]+="[^"\\]*",?)+\})? (-?[0-9.e+-]+|Nan|\+Inf)$/)
    }
  })

  it.skipIf(!hasPromtool)(`are clean for promtool${skipped}`, async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await scrape() })
    expect([status, `${stdout.toString()}${stderr.toString()}`]).toEqual([0, ''])
  })
})

describe('the backlog of deliveries', () => {
  function backlogOf(answers: (() => ReturnType<DeliveryQueue['backlog']>)[]) {
    const queue = { backlog: () => answers.shift()?.() ?? Promise.reject(new Error('asked too often')) }
    let nowMs = 1_000_000
    const clock = { now: () => nowMs }
    const backlog = new DeliveryBacklog(queue, clock, clock, 1)
    return { read: () => backlog.read(), pass: (ms: number) => void (nowMs += ms) }
  }

  it('is asked of the database at most every ten seconds, and grows older meanwhile', async () => {
    const { read, pass } = backlogOf([
      async () => ({ pending: 2, oldestAt: new Date(990_000) }),
      async () => ({ pending: 0, oldestAt: null }),
    ])
    const first = { pending: 2, oldestSeconds: 10 }
    expect(await Promise.all([read(), read()])).toEqual([first, first])
    pass(9999)
    expect(await read()).toEqual({ pending: 2, oldestSeconds: 19.999 })
    pass(1)
    expect(await read()).toEqual({ pending: 0, oldestSeconds: 0 })
  })

  it('is unknown while the database fails or does not answer', async () => {
    const { read, pass } = backlogOf([() => Promise.reject(new Error('down')), () => new Promise(() => undefined)])
    expect(await read()).toBeUndefined()
    pass(10_000)
    expect(await read()).toBeUndefined()
  })
})
