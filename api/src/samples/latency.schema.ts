import { RefusedError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'
import type { FieldCost } from '../graphql/cost.ts'
import { OF_POSITION } from '../graphql/of-position.ts'
import type { LatencyFigures } from '../metrics/latency-figures.ts'
import type { Quantile } from '../metrics/quantile.ts'
import type { LatencyBucket } from '../metrics/spread.ts'

function quantile({ distribution, totals }: LatencyFigures, q: number): number | null {
  return distribution.quantile(q, totals)?.valueMs ?? null
}

const MAX_QUANTILES = 20
const BUCKETS_PER_DOUBLING = [1, 2, 4, 8]

function checkQuantile(name: string, q: number): void {
  if (!(q >= 0 && q <= 1)) throw new RefusedError('BAD_USER_INPUT', `${name} must be from 0 to 1, not ${q}.`)
}

const QuantileKindEnum = builder.enumType('QuantileKind', {
  description: 'How well a quantile is known.',
  values: {
    MEASURED: {
      description:
        'The value is within 1 %: the latencies were measured one by one, or the data leaves no other value. `lowMs` and `highMs` are the borders of its fine bucket.',
    },
    INTERPOLATED: {
      description: 'The latencies are known by coarse buckets: the value is an estimate between `lowMs` and `highMs`.',
    },
    BELOW_LOWEST_BUCKET: {
      description: 'It lies below the lowest bound that the buckets can tell: only `highMs` is known.',
    },
    ABOVE_HIGHEST_BUCKET: {
      description:
        'It lies above the highest bound that the buckets can tell: `lowMs` is known, and `highMs` only from the mean or the maximum.',
    },
    MEAN_ONLY: {
      description:
        'No bucket tells anything about it, as when the source knows only a mean; `highMs` is known from the mean or the maximum.',
    },
  },
})

const QuantileType = builder.objectRef<Quantile>('Quantile').implement({
  extensions: OF_POSITION,
  description: 'A quantile of latencies, and how well it is known.',
  fields: (t) => ({
    q: t.exposeFloat('q', { description: 'The quantile, 0 to 1.' }),
    valueMs: t.exposeFloat('valueMs', {
      nullable: true,
      description:
        'The latency in milliseconds, by nearest rank; null where the data cannot tell: for BELOW_LOWEST_BUCKET, ABOVE_HIGHEST_BUCKET and MEAN_ONLY.',
    }),
    lowMs: t.exposeFloat('lowMs', {
      nullable: true,
      description: 'The true value is not below this, in milliseconds; 0 when no bound is known.',
    }),
    highMs: t.exposeFloat('highMs', {
      nullable: true,
      description: 'The true value is not above this, in milliseconds; null when no bound is known.',
    }),
    kind: t.expose('kind', { type: QuantileKindEnum, description: 'How well it is known.' }),
    enoughRequests: t.exposeBoolean('enoughRequests', {
      description:
        'Whether there were enough requests for this quantile: n × (1 − q) ≥ 1. With fewer it is just the slowest request.',
    }),
  }),
})

const LatencyBucketType = builder.objectRef<LatencyBucket>('LatencyBucket').implement({
  extensions: OF_POSITION,
  description: 'How many latencies lie between two bounds.',
  fields: (t) => ({
    lowMs: t.exposeFloat('lowMs', { description: 'The latencies are above this, in milliseconds.' }),
    highMs: t.exposeFloat('highMs', { description: 'The latencies are at most this, in milliseconds.' }),
    count: t.exposeFloat('count', {
      description: 'How many there are; a fraction where coarse buckets of the source are spread over several.',
    }),
  }),
})

/** Each costs a point. */
const QUANTILES_COST: FieldCost = {
  args: ['qs'],
  multiplier: ({ qs }) => (Array.isArray(qs) ? Math.max(1, qs.length) : 1),
}

export const LatencySummaryType = builder.objectRef<LatencyFigures>('LatencySummary').implement({
  extensions: OF_POSITION,
  description:
    'The latencies of the requests that finished, in milliseconds. Percentiles are within 1 % of the exact nearest-rank value where they are `MEASURED` (see `quantiles`), and null where the data cannot tell; the mean and the maximum are exact.',
  fields: (t) => ({
    p50Ms: t.float({
      nullable: true,
      description: 'The median: half of the requests took no longer. Null where the data cannot tell.',
      resolve: (figures) => quantile(figures, 0.5),
    }),
    p95Ms: t.float({
      nullable: true,
      description: 'The 95th percentile: 95 % of the requests took no longer. Null where the data cannot tell.',
      resolve: (figures) => quantile(figures, 0.95),
    }),
    p99Ms: t.float({
      nullable: true,
      description: 'The 99th percentile: 99 % of the requests took no longer. Null where the data cannot tell.',
      resolve: (figures) => quantile(figures, 0.99),
    }),
    meanMs: t.exposeFloat('meanMs', {
      nullable: true,
      description: 'The exact mean latency; null when it is not known of all of the latencies.',
    }),
    maxMs: t.float({
      nullable: true,
      description: 'The exact maximum latency; null when it is not known of all of the latencies.',
      resolve: ({ totals: { maxMs } }) => maxMs,
    }),
    quantile: t.float({
      nullable: true,
      description:
        'The quantile `q` of the latencies, by nearest rank, in milliseconds; null where the data cannot tell. A `q` outside of 0 to 1 is refused as `BAD_USER_INPUT`.',
      args: {
        q: t.arg.float({
          required: true,
          description: 'The quantile to compute, 0 to 1.\n\nExample:\n`0.999` for p99.9',
        }),
      },
      resolve: (figures, { q }) => {
        checkQuantile('q', q)
        return quantile(figures, q)
      },
    }),
    quantiles: t.field({
      cost: QUANTILES_COST,
      type: [QuantileType],
      description: `Quantiles, each with how well it is known, in the order of \`qs\`.

Example:
\`quantiles(qs: [0.5, 0.99]) { valueMs lowMs highMs kind enoughRequests }\``,
      args: {
        qs: t.arg.floatList({
          required: true,
          description: `The quantiles to compute: 1 to ${MAX_QUANTILES}, each from 0 to 1.`,
        }),
      },
      resolve: ({ distribution, totals }, { qs }) => {
        if (qs.length < 1 || qs.length > MAX_QUANTILES) {
          throw new RefusedError('BAD_USER_INPUT', `qs must hold 1 to ${MAX_QUANTILES} quantiles, not ${qs.length}.`)
        }
        for (const q of qs) checkQuantile('Each of qs', q)
        return qs.flatMap((q) => distribution.quantile(q, totals) ?? [])
      },
    }),
    buckets: t.field({
      type: [LatencyBucketType],
      description: `How the latencies are distributed: counts between fixed bounds, 2^(i / \`perDoubling\`) milliseconds, so that those of several windows can be drawn and added side by side. What came in coarse buckets is spread over those that they cover; what lies below their lowest or above their highest bound is drawn in the doubling next to it. Latencies of which only a mean is known are left out. Buckets without requests are absent.

Example:
\`buckets(perDoubling: 2) { lowMs highMs count }\``,
      args: {
        perDoubling: t.arg.int({
          defaultValue: 2,
          description: 'How many buckets there are from a latency to twice as much: 1, 2, 4 or 8.',
        }),
      },
      resolve: ({ distribution, totals }, { perDoubling }) => {
        const per = perDoubling ?? 2
        if (!BUCKETS_PER_DOUBLING.includes(per)) {
          throw new RefusedError('BAD_USER_INPUT', `perDoubling must be 1, 2, 4 or 8, not ${per}.`)
        }
        return distribution.buckets(per, totals.maxMs)
      },
    }),
  }),
})
