import { RefusedError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'
import type { History } from './history.ts'
import { LatencyHistogram } from '../metrics/latency-histogram.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'

const MetricsSourceEnum = builder.enumType('MetricsSource', {
  description: 'Where samples come from.',
  values: { SIMULATED: { description: "Gaugeline's own simulator." } },
})

interface LatencyFigures {
  histogram: LatencyHistogram
  meanMs: number
  maxMs: number
}

function quantile({ histogram, maxMs }: LatencyFigures, q: number): number {
  // Null only without requests, and then there is no summary.
  return histogram.quantile(q, maxMs) ?? maxMs
}

const LatencySummaryType = builder.objectRef<LatencyFigures>('LatencySummary').implement({
  description:
    'Latency of the requests that finished, in milliseconds: within 1 % of the exact nearest-rank value; mean and maximum are exact.',
  fields: (t) => ({
    p50Ms: t.float({
      description: 'Half of the requests took no longer.',
      resolve: (figures) => quantile(figures, 0.5),
    }),
    p95Ms: t.float({ description: '95 % of them took no longer.', resolve: (figures) => quantile(figures, 0.95) }),
    p99Ms: t.float({ description: '99 % of them took no longer.', resolve: (figures) => quantile(figures, 0.99) }),
    meanMs: t.exposeFloat('meanMs', { description: 'The exact mean.' }),
    maxMs: t.exposeFloat('maxMs', { description: 'The exact maximum.' }),
    quantile: t.float({
      description: 'Nearest rank, q from 0 to 1.',
      args: { q: t.arg.float({ required: true, description: 'From 0 to 1: 0.999 for p99.9.' }) },
      resolve: (figures, { q }) => {
        if (!(q >= 0 && q <= 1)) throw new RefusedError('BAD_USER_INPUT', `q must be from 0 to 1, not ${q}.`)
        return quantile(figures, q)
      },
    }),
  }),
})

function perSecond(count: number, { coveredMs }: MetricsSummary): number {
  return coveredMs > 0 ? (count * 1000) / coveredMs : 0
}

function latencyFigures({ latency, latencySumMs, latencyMaxMs, requests }: MetricsSummary): LatencyFigures | null {
  if (latency === null || requests === 0) return null
  const histogram = latency instanceof LatencyHistogram ? latency : LatencyHistogram.decode(latency)
  return { histogram, meanMs: latencySumMs / requests, maxMs: latencyMaxMs }
}

export const InferenceMetricsType = builder.objectRef<MetricsSummary>('InferenceMetrics').implement({
  description:
    'What was measured in one window, or in several merged. A figure belongs to the window in which the request finished.',
  fields: (t) => ({
    at: t.field({
      type: 'DateTime',
      description: 'Start of the window.',
      resolve: ({ atMs }) => new Date(atMs),
    }),
    windowSeconds: t.float({ description: 'Length of the window.', resolve: ({ windowMs }) => windowMs / 1000 }),
    coveredSeconds: t.float({
      description:
        'Seconds of the window that were recorded; less than windowSeconds where something is missing. Rates divide by it.',
      resolve: ({ coveredMs }) => coveredMs / 1000,
    }),
    requests: t.field({
      type: 'Count',
      description: 'Requests that finished in the window: succeeded and failed.',
      resolve: ({ requests }) => requests,
    }),
    requestsPerSecond: t.float({
      description: 'Requests divided by coveredSeconds.',
      resolve: (metrics) => perSecond(metrics.requests, metrics),
    }),
    errors: t.field({
      type: 'Count',
      description: 'How many of the requests failed.',
      resolve: ({ errors }) => errors,
    }),
    errorRate: t.float({
      nullable: true,
      description: 'Errors divided by requests, 0 to 1; null when no request finished.',
      resolve: ({ errors, requests }) => (requests > 0 ? errors / requests : null),
    }),
    latency: t.field({
      type: LatencySummaryType,
      nullable: true,
      description: 'Null when no request finished.',
      resolve: latencyFigures,
    }),
    promptTokens: t.field({
      type: 'Count',
      nullable: true,
      description: 'Tokens read by the requests; null for models without tokens.',
      resolve: ({ promptTokens }) => promptTokens,
    }),
    generatedTokens: t.field({
      type: 'Count',
      nullable: true,
      description: 'Tokens written by the requests; null for models without tokens.',
      resolve: ({ generatedTokens }) => generatedTokens,
    }),
    tokensPerSecond: t.float({
      nullable: true,
      description: 'Generated tokens divided by coveredSeconds; null for models without tokens.',
      resolve: (metrics) => (metrics.generatedTokens === null ? null : perSecond(metrics.generatedTokens, metrics)),
    }),
    inFlight: t.int({
      nullable: true,
      description: "Requests under way at the window's end.",
      resolve: ({ inFlight }) => inFlight,
    }),
    sources: t.field({
      type: [MetricsSourceEnum],
      description:
        'Where the samples came from, the source of most requests first. Several for merged windows, none where nothing was recorded.',
      resolve: ({ sources }) => sources,
    }),
    source: t.field({
      type: MetricsSourceEnum,
      description: 'The source of most requests; SIMULATED where nothing was recorded.',
      deprecationReason: 'Merged windows may come from several sources: read `sources`.',
      resolve: ({ sources }) => sources[0] ?? 'SIMULATED',
    }),
  }),
})

/** A history and the deployment that its cursor belongs to. */
export type DeploymentHistory = History & { deploymentId: string | null }

export const InferenceMetricsHistoryType = builder.objectRef<DeploymentHistory>('InferenceMetricsHistory').implement({
  description: 'A look back, merged into windows of equal length.',
  fields: (t) => ({
    from: t.field({
      type: 'DateTime',
      description: 'Start of the first window: the asked time, rounded down to the resolution.',
      resolve: ({ fromMs }) => new Date(fromMs),
    }),
    to: t.field({
      type: 'DateTime',
      description: 'End of the last window: the asked time, rounded up to the resolution.',
      resolve: ({ toMs }) => new Date(toMs),
    }),
    resolutionSeconds: t.float({
      description: 'Length of the windows.',
      resolve: ({ resolutionMs }) => resolutionMs / 1000,
    }),
    points: t.field({
      type: [InferenceMetricsType],
      description: 'Ascending. Windows with nothing recorded are absent.',
      resolve: ({ points }) => points,
    }),
    summary: t.field({
      type: InferenceMetricsType,
      description: 'The whole range as one window.',
      resolve: ({ summary }) => summary,
    }),
    endCursor: t.field({
      type: 'SampleCursor',
      nullable: true,
      description: 'Where to go on live without a seam: inferenceMetrics(after:). Null for several deployments.',
      resolve: ({ deploymentId, endSequence }, _args, { services }) =>
        deploymentId === null ? null : services.cursors.sample(deploymentId, endSequence),
    }),
  }),
})
