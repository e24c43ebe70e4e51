import { describe, expect, it } from 'vitest'
import { histogram, nanos, requestOf } from '../../../../test/otlp-requests.ts'
import type { ReportItem } from '../../../samples/report-inbox.ts'
import type { ReportTarget } from '../../../samples/report-times.ts'
import { MODEL_SERVERS } from '../model-servers/all.ts'
import { OtlpReceiver } from './otlp-receiver.ts'
import { ReportRules } from './report-rules.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 0, 30)
const ID = '019a0000-0000-7000-8000-000000000001'
const OPEN: ReportTarget = {
  id: ID,
  key: 7,
  source: 'REPORTED',
  intervalMs: 10_000,
  recordingSinceMs: NOW - 3_600_000,
  lastWindowEndMs: NOW - 10_000,
}
const DURATION = 'gen_ai.server.request.duration'
const good = { name: DURATION, timeMs: NOW, bounds: [0.1, 1], counts: [1, 2, 3], sum: 9, max: 4 }

function createReceiver(target: ReportTarget | null = OPEN) {
  const items: ReportItem[] = []
  const inbox = {
    accept: async (given: readonly ReportItem[]) => {
      items.push(...given)
      return new Set<string>()
    },
  }
  const targets = { find: async () => target ?? undefined }
  const receiver = new OtlpReceiver({
    inbox,
    targets,
    rules: new ReportRules(MODEL_SERVERS),
    clock: { now: () => NOW },
  })
  const receive = (request: object, boundTo: string | undefined) =>
    receiver.receive(Buffer.from(JSON.stringify(request)), 'json', boundTo, () => undefined)
  const send = (request: object) => receive(request, ID)
  return { items, send, sendUnbound: (request: object) => receive(request, undefined) }
}

/** The good histogram with a point that differs, beside one that is good. */
function withPoint(change: Record<string, unknown>, data: Record<string, unknown> = {}): object {
  const request = structuredClone(histogram(good)) as {
    resourceMetrics: { scopeMetrics: { metrics: { histogram: { dataPoints: object[] } }[] }[] }[]
  }
  const metric = request.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]
  const [point] = metric?.histogram.dataPoints ?? []
  const other = { ...point, attributes: [{ key: 'n', value: { intValue: '2' } }], ...change }
  const bad = { ...metric, histogram: { ...metric?.histogram, ...data, dataPoints: [other] } }
  request.resourceMetrics[0]?.scopeMetrics[0]?.metrics.push(bad)
  return request
}

describe('data points that are wrong', () => {
  it.each([
    ['too few counts', { bucketCounts: ['3', '3'] }, /has 2 bounds and 2 bucket counts; it must have 3 counts/],
    ['counts that do not add up', { count: '7' }, /has bucket counts that add up to 6, but counts 7/],
    ['a negative count', { bucketCounts: ['-1', '4', '3'] }, /has the bucket count -1; it must be a whole number/],
    ['half a request', { bucketCounts: [0.5, 2.5, 3] }, /has the bucket count 0.5; it must be a whole number/],
    ['a count that is negative', { count: '-6' }, /has the count -6; it must be a whole number/],
    ['bounds that do not ascend', { explicitBounds: [1, 1] }, /has bounds that do not ascend: 1 after 1/],
    ['a bound that is no number', { explicitBounds: [1, 'NaN'] }, /has bounds that do not ascend: NaN after 1/],
    ['a negative bound', { explicitBounds: [-1, 1] }, /has the bound -1; bounds are from 0/],
    ['a sum that is no number', { sum: 'NaN' }, /has the sum NaN; it must be a number from 0 to 1000000000000/],
    ['a sum that is infinite in milliseconds', { sum: 1e306 }, /has the sum 1e\+306; it must be a number from 0 to/],
    ['an infinite maximum', { max: 'Infinity' }, /has the max Infinity/],
    ['no time', { timeUnixNano: '0' }, /has no time/],
    ['a time in the future', { timeUnixNano: nanos(NOW + 11_000) }, /is from the future, 11 s ahead; at most 10 s/],
    ['an old time', { timeUnixNano: nanos(NOW - 61_000) }, /is 61 s old, and its window is recorded; at most 60 s/],
    [
      'another deployment than that of the token',
      {
        attributes: [
          { key: 'gaugeline.deployment.id', value: { stringValue: btoa(`Deployment:${ID.replace('1', '2')}`) } },
        ],
      },
      /names another deployment .* than the one that this token may report for/,
    ],
    [
      'no id of a deployment',
      { attributes: [{ key: 'gaugeline.deployment.id', value: { stringValue: 'mine' } }] },
      /has a wrong gaugeline.deployment.id: "mine" is not an id/,
    ],
  ])('are refused by name for %s, and what is good beside them is taken', async (_name, change, message) => {
    const { send, items } = createReceiver()
    const outcome = await send(withPoint(change))
    expect(outcome.rejected).toBe(1)
    expect(outcome.message).toMatch(message)
    expect(outcome.message).toMatch(new RegExp(`^${DURATION} `))
    expect(items).toHaveLength(1)
  })

  it('are refused without a temporality', async () => {
    const { send, items } = createReceiver()
    const outcome = await send(withPoint({}, { aggregationTemporality: 0 }))
    expect(outcome).toMatchObject({ rejected: 1, message: expect.stringMatching(/has no aggregation temporality/) })
    expect(items).toHaveLength(1)
  })

  it.each([
    ['is deleted', null, /is of a deployment that does not exist, or was deleted/],
    ['is paused', { ...OPEN, recordingSinceMs: null }, /is of a deployment that is paused; resume it first/],
    ['has another source', { ...OPEN, source: 'SCRAPED' as const }, /whose source is SCRAPED; make it REPORTED/],
    [
      'was resumed since',
      { ...OPEN, recordingSinceMs: NOW + 1 },
      /is from before the deployment was deployed or last resumed/,
    ],
  ])('are refused when their deployment %s', async (_name, target, message) => {
    const { send, items } = createReceiver(target)
    expect(await send(histogram(good))).toMatchObject({ rejected: 1, message: expect.stringMatching(message) })
    expect(items).toEqual([])
  })

  it('are told apart by reason, with how many there are of each', async () => {
    const { send } = createReceiver()
    const dataPoints = [1, 2, 3].map(() => ({
      timeUnixNano: nanos(NOW),
      count: '1',
      bucketCounts: ['1'],
      explicitBounds: [1],
    }))
    const request = requestOf(good, { histogram: { aggregationTemporality: 1, dataPoints } }, 's')
    expect(await send(request)).toMatchObject({ rejected: 3, message: expect.stringMatching(/\(3 data points\)$/) })
  })
})

describe('data points', () => {
  it('without a value are taken, and tell nothing', async () => {
    const { send, items } = createReceiver()
    expect(await send(withPoint({ flags: 1, count: '99' }))).toEqual({ rejected: 0, message: '' })
    expect(items).toHaveLength(1)
  })

  it('need a deployment, by the token or by an attribute', async () => {
    const { sendUnbound, items } = createReceiver()
    expect(await sendUnbound(histogram(good))).toMatchObject({
      rejected: 1,
      message: expect.stringMatching(
        /set the resource attribute gaugeline.deployment.id, or use a token that is bound/,
      ),
    })
    const named = histogram({ ...good, deployment: btoa(`Deployment:${ID}`) })
    expect(await sendUnbound(named)).toEqual({ rejected: 0, message: '' })
    expect(items).toHaveLength(1)
  })

  it('of metrics that nobody records are refused when there is no other, and ignored beside others', async () => {
    const { send, items } = createReceiver()
    const unknown = histogram({ ...good, name: 'process.cpu.time' })
    expect(await send(unknown)).toMatchObject({
      rejected: 1,
      message: expect.stringMatching(/No metric of this request tells a figure/),
    })
    const both = {
      resourceMetrics: [unknown, histogram(good)].flatMap(
        (one) => (one as { resourceMetrics: object[] }).resourceMetrics,
      ),
    }
    expect(await send(both)).toEqual({ rejected: 0, message: '' })
    expect(items).toHaveLength(1)
  })

  it('have the same key when they are sent again in another group, and another one for anything that differs', async () => {
    const { send, items } = createReceiver()
    const variants = [
      good,
      { ...good, timeMs: NOW - 1 },
      { ...good, startMs: NOW - 5 },
      { ...good, attributes: { a: '1' } },
      { ...good, resource: { 'service.instance.id': 'b' } },
      { ...good, name: 'gen_ai.server.time_to_first_token' },
    ].map((given) => histogram(given) as { resourceMetrics: object[] })
    for (const variant of variants) await send(variant)
    const keys = items.map(({ key }) => key)
    expect(new Set(keys).size).toBe(variants.length)
    items.length = 0
    await send({ resourceMetrics: variants.toReversed().flatMap(({ resourceMetrics }) => resourceMetrics) })
    expect(new Set(items.map(({ key }) => key))).toEqual(new Set(keys))
  })
})
