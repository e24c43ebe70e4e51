import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mutate, type MutationResult, pause, registerJob, succeed, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { absent, exposition, isAbsent } from './expositions.ts'
import { rowCounts } from './row-seeds.ts'

const CHECK = `... on ScrapeError { reason } ... on CheckScrapeTargetSuccess { check {
  server serverTitle problem { reason message } families { name type unit help series }
  labels { name values tellsModelsApart } figures { figure family } unknown durationMs series
  sinceStart { windowSeconds requests errors requestsPerSecond promptTokens generatedTokens inFlight waiting kvCacheUsage
    latency { meanMs p99Ms quantiles(qs: [0.99]) { kind lowMs highMs } } errorsByReason { reason count } } } }`

interface Check {
  server: string | null
  serverTitle: string | null
  problem: { reason: string; message: string } | null
  families: { name: string; type: string; series: number; help: string | null }[]
  labels: { name: string; values: string[]; tellsModelsApart: boolean }[]
  figures: { figure: string; family: string }[]
  unknown: string[]
  series: number
  durationMs: number
  sinceStart: Record<string, unknown> | null
}
type Answer = MutationResult & { check?: Check; reason?: string }

/** What vLLM exposes of two models. */
function vllm(models: readonly string[]): string {
  const of = (model: string, more = '') => `{engine="0",model_name="${model}"${more}}`
  return [
    '# HELP vllm:num_requests_running Number of requests in model execution batches.',
    '# TYPE vllm:num_requests_running gauge',
    ...models.map((model) => `vllm:num_requests_running${of(model)} 2.0`),
    '# HELP vllm:request_success_total Count of successfully processed requests.',
    '# TYPE vllm:request_success_total counter',
    ...models.map((model) => `vllm:request_success_total${of(model, ',finished_reason="stop"')} 8.0`),
    '# HELP vllm:e2e_request_latency_seconds Histogram of e2e request latency in seconds.',
    '# TYPE vllm:e2e_request_latency_seconds histogram',
    ...models.flatMap((model) => [
      `vllm:e2e_request_latency_seconds_bucket${of(model, ',le="0.3"')} 8.0`,
      `vllm:e2e_request_latency_seconds_bucket${of(model, ',le="+Inf"')} 8.0`,
      `vllm:e2e_request_latency_seconds_count${of(model)} 8.0`,
      `vllm:e2e_request_latency_seconds_sum${of(model)} 0.8`,
    ]),
    '',
  ].join('\n')
}

describe.each(await testDatabaseKinds())('checkScrapeTarget, on %s', (kind) => {
  let app: TestApp
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  const server = createServer((request, response) => answer(request, response))
  let origin = ''
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    app = await createTestApp(kind, { sampleIntervalMs: 60_000, scrapeAllowedHosts: ['127.0.0.1'] })
  })
  afterAll(async () => {
    await app[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })

  const exposes = (text: string) => {
    answer = (_request, response) => void response.setHeader('content-type', 'text/plain; version=0.0.4').end(text)
  }
  /** Tries a target, and fails when that stored anything. */
  async function check(scrape: object = {}, deploymentId?: string): Promise<Answer> {
    const before = await rowCounts(app.deps.services.prisma)
    const input = { scrape: { url: `${origin}/metrics`, ...scrape }, deploymentId }
    const result = await mutate<Answer>(app.client, 'checkScrapeTarget', input, CHECK)
    expect(await rowCounts(app.deps.services.prisma)).toEqual(before)
    return result
  }
  async function checked(scrape: object = {}): Promise<Check> {
    const result = await check(scrape)
    if (result.check === undefined) throw new Error(JSON.stringify(result))
    return result.check
  }

  it('says of a server without any metrics that they may come with its first request', async () => {
    exposes('')
    expect(await checked()).toMatchObject({
      server: null,
      problem: {
        reason: 'NO_FIGURES',
        message: expect.stringMatching(/has no metrics yet.*send one, and check again/),
      },
      families: [],
    })
  })

  it('recognizes the server, and says what would be recorded, what it has counted, and what nobody can know', async () => {
    exposes(vllm(['llama']))
    const { sinceStart, unknown, ...rest } = await checked()
    expect(rest).toMatchObject({
      server: 'VLLM',
      serverTitle: 'vLLM',
      problem: null,
      labels: [{ name: 'model_name', values: ['llama'], tellsModelsApart: true }],
      durationMs: expect.any(Number),
      series: 6,
    })
    expect(rest.families.map(({ name, type, series }) => [name, type, series])).toEqual([
      ['vllm:num_requests_running', 'gauge', 1],
      ['vllm:request_success', 'counter', 1],
      ['vllm:e2e_request_latency_seconds', 'histogram', 1],
    ])
    expect(rest.figures.map(({ figure }) => figure).toSorted()).toEqual(['ERRORS', 'IN_FLIGHT', 'LATENCY', 'REQUESTS'])
    expect(sinceStart).toMatchObject({
      windowSeconds: 0,
      requests: 8,
      // Nobody says since when.
      requestsPerSecond: null,
      promptTokens: null,
      inFlight: 2,
      latency: { meanMs: 100, p99Ms: null, quantiles: [{ kind: 'BELOW_LOWEST_BUCKET', highMs: 300 }] },
    })
    expect(unknown).toContain('Of latency it is only told whether it was above 300 ms: there is one bucket.')
  })

  it('shows what to choose from when several models are there, and reads the one that was chosen', async () => {
    exposes(vllm(['mistral', 'llama']))
    const several = await checked()
    expect(several).toMatchObject({
      server: 'VLLM',
      problem: {
        reason: 'AMBIGUOUS',
        message: 'Several models match: choose one by the label model_name, which is llama or mistral.',
      },
      labels: [{ name: 'model_name', values: ['llama', 'mistral'], tellsModelsApart: true }],
      figures: [],
      sinceStart: null,
    })
    const one = await checked({ labels: [{ name: 'model_name', value: 'llama' }] })
    expect(one).toMatchObject({ problem: null, sinceStart: { requests: 8 } })
    const none = await checked({ labels: [{ name: 'model_name', value: 'gpt' }] })
    expect(none.problem).toEqual({
      reason: 'NO_FIGURES',
      message: 'No series has the labels model_name="gpt": model_name is llama, mistral.',
    })
  })

  it('shows the families of a server that nobody knows, so that they can be mapped by hand', async () => {
    exposes(
      '# TYPE http_seconds histogram\nhttp_seconds_bucket{le="1"} 3\nhttp_seconds_bucket{le="+Inf"} 4\nhttp_seconds_sum 5\nhttp_seconds_count 4\n',
    )
    const unknown = await checked()
    expect(unknown).toMatchObject({
      server: null,
      problem: { reason: 'NO_FIGURES', message: expect.stringContaining('map its families by hand') },
      families: [{ name: 'http_seconds', type: 'histogram', series: 1 }],
      figures: [],
      sinceStart: null,
    })
    const families = [{ figure: 'LATENCY', family: 'http_seconds', unit: 'SECONDS' }]
    const mapped = await checked({ mapping: { families } })
    expect(mapped).toMatchObject({
      server: null,
      problem: null,
      figures: [{ figure: 'LATENCY', family: 'http_seconds' }],
      sinceStart: { requests: null, latency: { meanMs: 1250 } },
    })
    const missing = await checked({ mapping: { families: [{ figure: 'REQUESTS', family: 'nothing', unit: 'COUNT' }] } })
    expect(missing.problem).toMatchObject({ reason: 'NO_FIGURES', message: expect.stringContaining('http_seconds') })
    const named = await checked({ mapping: { server: 'VLLM' } })
    expect(named.problem).toMatchObject({ reason: 'NO_FIGURES' })
  })

  it.skipIf(isAbsent)(`reads what real servers expose${absent}`, async () => {
    exposes(exposition('vllm_v0_opt125m.prom'))
    const real = await checked()
    expect(real).toMatchObject({ server: 'VLLM', problem: null })
    expect(real.families.length).toBeGreaterThan(20)
    expect(real.sinceStart?.['requests']).toBeGreaterThan(0)
  })

  it('says in one sentence why a target cannot be read', async () => {
    const reasons: [string, typeof answer][] = [
      [
        'NOT_METRICS',
        (_request, response) => void response.setHeader('content-type', 'text/html').end('<html></html>'),
      ],
      ['UNAUTHORIZED', (_request, response) => void response.writeHead(401).end()],
      ['STATUS', (_request, response) => void response.writeHead(500).end()],
      ['REDIRECTED', (_request, response) => void response.writeHead(302, { location: 'http://10.0.0.1/' }).end()],
      ['UNREACHABLE', (request) => void request.socket.destroy()],
    ]
    for (const [reason, manner] of reasons) {
      answer = manner
      const result = await check()
      expect(result).toMatchObject({
        __typename: 'ScrapeError',
        reason,
        message: expect.stringMatching(/^[A-Z1].*\.$/),
      })
    }
    answer = () => undefined
    expect(await check({ timeoutSeconds: 0.1 })).toMatchObject({ __typename: 'ScrapeError', reason: 'TIMED_OUT' })
    const refused = await check({ url: 'http://10.0.0.1/metrics' })
    expect(refused.issues).toEqual([
      {
        path: ['scrape', 'url'],
        message:
          'must lead to a public address; to allow 10.0.0.1, start Gaugeline with SCRAPE_ALLOWED_HOSTS=10.0.0.1.',
      },
    ])
  })

  it('sends the secret that it was given, or the one of the deployment, to the same server only', async () => {
    const authorization = { bearer: 'a-secret' }
    const source = { scrape: { url: `${origin}/metrics`, intervalSeconds: 60, authorization } }
    const { deployment } = await succeed<{ deployment: { id: string } }>(
      app.client,
      'deployTrainingJob',
      { trainingJobId: await registerJob(app.client), source },
      'deployment { id }',
    )
    // Nobody but us asks the server.
    await pause(app.client, deployment.id)
    const sent: unknown[] = []
    answer = (request, response) => {
      sent.push(request.headers.authorization)
      response.setHeader('content-type', 'text/plain').end(vllm(['llama']))
    }
    await check({}, deployment.id)
    await check({ authorization: { basic: { user: 'u', password: 'p' } } }, deployment.id)
    await check({ authorization: null }, deployment.id)
    await check({})
    expect(sent).toEqual(['Bearer a-secret', 'Basic dTpw', undefined, undefined])
    const elsewhere = await check({ url: origin.replace('127.0.0.1', 'localhost') }, deployment.id)
    expect(elsewhere).toMatchObject({ __typename: 'InvalidInputError' })
    expect(sent).toHaveLength(4)
    expect(JSON.stringify(elsewhere)).not.toContain('a-secret')
    const unknown = await check({}, unknownId('Deployment'))
    expect(unknown).toMatchObject({ __typename: 'DeploymentNotFoundError' })
  })
})
