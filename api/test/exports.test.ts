import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { deploy, pause, succeed, unknownId } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'
import { ManualTime } from './create-test-deps.ts'
import { rawHttp } from './raw-http.ts'
import { sampleOf } from './sample-of.ts'
import type { Sample } from '../src/metrics/sample.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const MINUTE = 60_000
/** Of all samples, and of more. */
const RANGE = 'from=2026-11-23T12:00:00Z&to=2026-11-23T14:00:00Z'

type Row = Record<string, unknown>

const API = `query ($id: ID!, $from: DateTime!, $to: DateTime, $maxPoints: Int) { deployment(id: $id) {
  metricsHistory(from: $from, to: $to, maxPoints: $maxPoints) { points {
    at windowSeconds coveredSeconds requests errors errorRate latency { p50Ms p95Ms p99Ms meanMs maxMs }
    promptTokens generatedTokens inFlight sources
    timeToFirstToken { p50Ms p95Ms p99Ms meanMs maxMs } interTokenLatency { p50Ms p95Ms p99Ms meanMs maxMs }
    queueTime { p50Ms p95Ms p99Ms meanMs maxMs } waiting kvCacheUsage errorsByReason { reason count } lateReports
  } } } }`

/** As the columns are named. */
function ofApi({ latency, timeToFirstToken, interTokenLatency, queueTime, errorsByReason, ...row }: Row): Row {
  const columns = (summary: unknown, name: (own: string) => string) =>
    Object.fromEntries(
      ['p50Ms', 'p95Ms', 'p99Ms', 'meanMs', 'maxMs'].map((own) => [name(own), (summary as Row | null)?.[own] ?? null]),
    )
  const named = (prefix: string) => (own: string) => `${prefix}${own[0]?.toUpperCase() ?? ''}${own.slice(1)}`
  const reasons = (errorsByReason as { reason: string; count: number }[]).map(({ reason, count }) => [reason, count])
  return {
    ...row,
    ...columns(latency, (own) => own),
    ...columns(timeToFirstToken, named('timeToFirstToken')),
    ...columns(interTokenLatency, named('interTokenLatency')),
    ...columns(queueTime, named('queueTime')),
    errorsByReason: reasons.length > 0 ? Object.fromEntries(reasons) : null,
  }
}

/** What it shows besides; its reasons are words that a spreadsheet could take for something else. */
function ofLanguageModel(n: number): Partial<Sample> {
  const times = sampleOf({ latenciesMs: [n + 1, 2 * n + 2] })
  return {
    timeToFirstToken: times.latency,
    timeToFirstTokenSumMs: times.latencySumMs,
    timeToFirstTokenMaxMs: times.latencyMaxMs,
    interTokenLatency: times.latency,
    queueTime: times.latency,
    queueTimeSumMs: times.latencySumMs,
    errorsByReason: { '=cmd("a", b)': 1 },
    waiting: n,
    kvCacheUsage: n / 128,
    lateReports: 1,
  }
}

describe('exports of a deployment', () => {
  let app: TestApp
  let id: string

  beforeAll(async () => {
    // The clock stands still: nothing else is recorded.
    const time = new ManualTime(NOON + 180 * MINUTE)
    app = await createTestApp('embedded', { sampleIntervalMs: MINUTE }, pino({ level: 'silent' }), time)
    id = await deploy(app.client, { modelName: 'acme/chat.7b' })
    const { sampleStore, prisma } = app.deps.services
    const { key } = await prisma.deployment.findFirstOrThrow()
    await prisma.sampleHead.update({ where: { deploymentKey: key }, data: { recordingSince: new Date(NOON) } })
    const samples = Array.from({ length: 100 }, (_, n) =>
      sampleOf({
        ...(n === 3 ? {} : ofLanguageModel(n)),
        deploymentKey: key,
        sequence: n + 1,
        windowStartMs: NOON + n * MINUTE,
        windowMs: MINUTE,
        latenciesMs: n === 3 ? [] : Array.from({ length: n + 1 }, (_, at) => 10 * 1.3 ** (at % 20) + n / 7),
        errors: n === 3 ? 0 : 1,
        promptTokens: n === 3 ? null : 10 * n,
        inFlight: n,
      }),
    )
    await sampleStore.store(samples)
    await pause(app.client, id)
    // They are merged once the heads of logs are read again.
    time.pass(MINUTE)
    const hours = async () => (await rows(`${RANGE}&resolution=3600`)).length
    await vi.waitUntil(async () => (await hours()) === 2, { timeout: 20_000 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const askAt = (path: string, token = ADMIN_TOKEN) =>
    rawHttp(Number(new URL(app.origin).port), { path, headers: { authorization: `Bearer ${token}` } })
  const ask = (query: string, format = 'csv', deploymentId = id, token = ADMIN_TOKEN) =>
    askAt(`/export/deployments/${deploymentId}/metrics.${format}?${query}`, token)
  const rows = async (query: string) => (await ask(query, 'json')).json<Row[]>()
  /** What the API says of the same windows. */
  const points = async (from: string, to: string, maxPoints: number) => {
    const variables = { id, from, to, maxPoints }
    const data = await app.client.data<{ deployment: { metricsHistory: { points: Row[] } } }>(API, variables)
    return data.deployment.metricsHistory.points.map(ofApi)
  }

  it('say what the API says, of every window and of longer ones', async () => {
    const recorded = await rows(RANGE)
    expect(recorded).toHaveLength(100)
    expect(recorded).toEqual(await points('2026-11-23T12:00:00Z', '2026-11-23T14:00:00Z', 2000))
    const hours = await rows(`${RANGE}&resolution=3600`)
    expect(hours.map(({ at, requests, coveredSeconds }) => [at, requests, coveredSeconds])).toEqual([
      ['2026-11-23T12:00:00.000Z', 1826, 3600],
      ['2026-11-23T13:00:00.000Z', 3220, 2400],
    ])
    expect(hours).toEqual(await points('2026-11-23T12:00:00Z', '2026-11-23T14:00:00Z', 2))
  })

  it.each(['models', 'fleet'])(
    'of %s are those of their deployments, merged, in windows of a minute and more',
    async (what) => {
      const { model } = (
        await app.client.data<{ deployment: { model: Row } }>(
          'query ($id: ID!) { deployment(id: $id) { model { id } } }',
          {
            id,
          },
        )
      ).deployment
      const path = what === 'fleet' ? 'fleet' : `models/${String(model['id'])}`
      const read = async (query: string) => (await askAt(`/export/${path}/metrics.json?${query}`)).json<Row[]>()
      // It is a state of one deployment, not of a group of one.
      const ofOne = async (query: string) => (await rows(query)).map((row) => ({ ...row, kvCacheUsage: null }))
      expect(await read(RANGE)).toEqual(await ofOne(`${RANGE}&resolution=60`))
      expect(await read(`${RANGE}&resolution=3600`)).toEqual(await ofOne(`${RANGE}&resolution=3600`))
      const finer = await askAt(`/export/${path}/metrics.csv?${RANGE}&resolution=10`)
      expect(finer.status).toBe(400)
      expect(finer.body).toContain('resolution must be 60, 300, 600, 3600 or 86400 (seconds)')
    },
  )

  it('as CSV have the same figures under the same names, and empty cells for what is not known', async () => {
    const query = 'from=2026-11-23T12:02:00Z&to=2026-11-23T12:04:00Z'
    const { body, headers } = await ask(query)
    const [names = '', ...lines] = body.split('\n')
    expect(names).toBe(
      'at,windowSeconds,coveredSeconds,requests,errors,errorRate,p50Ms,p95Ms,p99Ms,meanMs,maxMs,' +
        'promptTokens,generatedTokens,inFlight,sources,' +
        ['timeToFirstToken', 'interTokenLatency', 'queueTime']
          .flatMap((name) => ['P50', 'P95', 'P99', 'Mean', 'Max'].map((own) => `${name}${own}Ms,`))
          .join('') +
        'waiting,kvCacheUsage,errorsByReason,lateReports',
    )
    expect(lines).toHaveLength(3)
    expect(lines[1]).toBe('2026-11-23T12:03:00.000Z,60,60,0,0,,,,,,,,,3,SIMULATED,,,,,,,,,,,,,,,,,,,')
    const json = await rows(query)
    expect(Object.keys(json[0] ?? {}).join(',')).toBe(names)
    const shown = (value: unknown) => {
      if (Array.isArray(value)) return value.join(' ')
      if (typeof value === 'object' && value !== null) return `"${JSON.stringify(value).replaceAll('"', '""')}"`
      return JSON.stringify(value ?? '').replaceAll('"', '')
    }
    expect(body).toBe([names, ...json.map((row) => Object.values(row).map(shown).join(',')), ''].join('\n'))
    expect(headers['content-disposition']).toBe('attachment; filename="acme-chat.7b-v1.0.0-20261123T120200Z.csv"')
  })

  it('take whole windows of a resolution, offsets of time zones, and the last hour by default', async () => {
    const at = async (query: string) => (await rows(query)).map((row) => String(row['at']).slice(11, 16))
    expect(await at('from=2026-11-23T12:05:00Z&to=2026-11-23T12:25:00Z&resolution=600')).toEqual([
      '12:00',
      '12:10',
      '12:20',
    ])
    // A plus that is not encoded arrives as a space.
    expect(await at('from=2026-11-23T13:00:00+01:00&to=2026-11-23T12:02:00Z')).toEqual(['12:00', '12:01'])
    expect(await at('to=2026-11-23T12:02:00Z')).toEqual(['12:00', '12:01'])
    expect(await at('')).toEqual([])
  })

  it('of a range with nothing in it are whole files, however long it is', async () => {
    for (const query of [
      'from=2099-01-01T00:00:00Z&to=2100-01-01T00:00:00Z',
      'from=1970-01-01T00:00:00Z&to=1999-01-01T00:00:00Z',
    ]) {
      expect(await rows(query)).toEqual([])
      expect((await ask(query)).body).toMatch(/^at,[A-Za-z0-9,]+\n$/)
    }
  })

  it.each([
    ['from=2026-11-23T13:00:00Z&to=2026-11-23T12:00:00Z', 'from must lie before to'],
    ['from=2026-11-23T12:00:00Z&to=2026-11-23T12:00:00Z', 'from must lie before to'],
    ['from=2999-01-01T00:00:00Z', 'from must lie before to'],
    ['from=1000-01-01T00:00:00Z', 'between the years 1970 and 2200'],
    ['to=3000-01-01T00:00:00Z', 'between the years 1970 and 2200'],
    ['from=yesterday', 'from must be ISO 8601 with an offset, such as 2026-11-23T14:02:00Z, not "yesterday"'],
    ['to=2026-02-30T12:00:00Z', 'to must be ISO 8601'],
    ['from=', 'from must be ISO 8601'],
    ['resolution=7', 'resolution must be 1, 10, 60, 300, 600, 3600 or 86400 (seconds), not "7"'],
    ['resolution=1e1', 'resolution must be'],
    ['resolution=10&resolution=60', 'each once; not "resolution"'],
    ['form=2026-11-23T12:00:00Z', 'An export takes from, to, resolution, each once; not "form"'],
    [`x${'y'.repeat(500)}=1`, 'yyy…'],
  ])('of ?%s are refused', async (query, message) => {
    for (const format of ['csv', 'json']) {
      const answer = await ask(query, format)
      const [error] = answer.json().errors ?? []
      expect([answer.status, error?.extensions.code]).toEqual([400, 'BAD_USER_INPUT'])
      expect(error?.message).toContain(message)
    }
  })

  it('of what there is not, or for whoever may not read, are refused', async () => {
    const code = async (...[query, format, deploymentId, token]: Parameters<typeof ask>) => {
      const answer = await ask(query, format, deploymentId, token)
      return [answer.status, answer.json().errors?.[0]?.extensions.code]
    }
    expect(await code('', 'csv', unknownId('Deployment'))).toEqual([404, 'NOT_FOUND'])
    expect(await code('', 'csv', encodeURIComponent(unknownId('Deployment')))).toEqual([404, 'NOT_FOUND'])
    expect(await code('', 'csv', unknownId('Model'))).toEqual([400, 'BAD_USER_INPUT'])
    expect(await code('', 'csv', 'nothing')).toEqual([400, 'BAD_USER_INPUT'])
    expect(await code('', 'csv', '%E0%A4%A')).toEqual([400, 'BAD_USER_INPUT'])
    const { secret } = await succeed<{ secret: string }>(
      app.client,
      'createApiToken',
      { name: 'bot', scopes: ['DEPLOY'] },
      'secret',
    )
    expect(await code('', 'csv', id, secret)).toEqual([403, 'FORBIDDEN'])
    expect(await code('', 'csv', id, 'wrong')).toEqual([401, 'UNAUTHENTICATED'])
  })

  it('are of merged windows where samples are no longer kept', async () => {
    await app.deps.services.prisma.$executeRaw`delete from samples where window_start < ${new Date(NOON + 90 * MINUTE)}`
    const all = await rows(RANGE)
    const lengths = all.map(({ windowSeconds }) => windowSeconds)
    expect(lengths).toEqual([...Array<number>(18).fill(300), ...Array<number>(10).fill(60)])
    expect(all.reduce((sum, { requests }) => sum + Number(requests), 0)).toBe(1826 + 3220)
  })
})
