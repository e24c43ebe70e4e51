import { BOUNDS } from './latency-bounds.ts'

/** The text format of Prometheus. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** How a deployment is named. */
export interface NamedDeployment {
  key: number
  /** As the API gives it. */
  id: string
  model: string
  version: string
}

/** What was counted of one deployment since the process started. Null: nothing was told of it. Never changed. */
export interface Totals {
  requests: number | null
  errors: number | null
  promptTokens: number | null
  generatedTokens: number | null
  /** By reason, the first ones that were told, and `other`; null when none was. */
  errorsByReason: Readonly<Record<string, number>> | null
  /** These three of the newest sample; null also when that is old. */
  inFlight: number | null
  waiting: number | null
  kvCacheUsage: number | null
  latency: CountedTimes
  /** Null until something was told of them. */
  timeToFirstToken: CountedTimes | null
  interTokenLatency: CountedTimes | null
  queueTime: CountedTimes | null
  /** End of the newest window; null before the first one. */
  lastEndMs: number | null
}

/** How many times lie between the `BOUNDS`, not cumulative, one more for those above the last; and their sum. */
export interface CountedTimes {
  counts: Float64Array
  /** NaN once a sample did not tell. */
  sumMs: number
}

interface Family {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  /** How many deployments make a part of some 60 KB: about half a millisecond of work. */
  perPart: number
  /** The lines of one deployment, whose labels are without braces; empty when it has none. */
  lines: (name: string, labels: string, totals: Totals) => string
}

/** A family with one value for each deployment that has one. */
function single(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (totals: Totals) => number | null,
): Family {
  return {
    name,
    type,
    help,
    perPart: 400,
    lines: (name, labels, totals) => {
      const shown = value(totals)
      return shown === null ? '' : `${name}{${labels}} ${shown}\n`
    },
  }
}

/** A histogram for each deployment that has one. */
function histogram(name: string, help: string, times: (totals: Totals) => CountedTimes | null): Family {
  return {
    name,
    type: 'histogram',
    help,
    perPart: 16,
    lines: (name, labels, totals) => {
      const shown = times(totals)
      return shown === null ? '' : histogramLines(name, labels, shown)
    },
  }
}

function histogramLines(name: string, labels: string, { counts, sumMs }: CountedTimes): string {
  let text = ''
  let count = 0
  for (const [bucket, le] of LE.entries()) {
    count += counts[bucket] ?? 0
    text += `${name}_bucket{${labels}${le}${count}\n`
  }
  count += counts[LE.length] ?? 0
  text += `${name}_bucket{${labels},le="+Inf"} ${count}\n`
  return `${text}${name}_sum{${labels}} ${sumMs / 1000}\n${name}_count{${labels}} ${count}\n`
}

const LE = BOUNDS.boundsMs.map((boundMs) => `,le="${boundMs / 1000}"} `)

const FAMILIES: readonly Family[] = [
  single(
    'counter',
    'gaugeline_deployment_requests_total',
    'Requests that finished, successful or failed, since the server started.',
    ({ requests }) => requests,
  ),
  single(
    'counter',
    'gaugeline_deployment_errors_total',
    'Requests that failed, since the server started.',
    ({ errors }) => errors,
  ),
  single(
    'counter',
    'gaugeline_deployment_prompt_tokens_total',
    'Prompt tokens of the requests that finished, since the server started. Missing for models without tokens.',
    ({ promptTokens }) => promptTokens,
  ),
  single(
    'counter',
    'gaugeline_deployment_generated_tokens_total',
    'Generated tokens of the requests that finished, since the server started. Missing for models without tokens.',
    ({ generatedTokens }) => generatedTokens,
  ),
  single(
    'gauge',
    'gaugeline_deployment_requests_in_flight',
    'Requests in flight at the end of the newest window. Missing when that is a minute old.',
    ({ inFlight }) => inFlight,
  ),
  single(
    'gauge',
    'gaugeline_deployment_requests_waiting',
    'Requests that wait to be worked on at the end of the newest window. Missing when that is a minute old.',
    ({ waiting }) => waiting,
  ),
  single(
    'gauge',
    'gaugeline_deployment_kv_cache_usage_ratio',
    'Share of the cache of keys and values in use at the end of the newest window. Missing when that is a minute old.',
    ({ kvCacheUsage }) => kvCacheUsage,
  ),
  single(
    'gauge',
    'gaugeline_deployment_last_sample_timestamp_seconds',
    'End of the newest window that was recorded since the server started, in seconds since the epoch.',
    ({ lastEndMs }) => (lastEndMs === null ? null : lastEndMs / 1000),
  ),
  {
    name: 'gaugeline_deployment_errors_by_reason_total',
    type: 'counter',
    help: 'Requests that failed for one reason, since the server started. Missing where the source tells no reasons.',
    perPart: 100,
    lines: (name, labels, { errorsByReason }) =>
      Object.entries(errorsByReason ?? {})
        .map(([reason, count]) => `${name}{${labels},reason="${escaped(reason)}"} ${count}\n`)
        .join(''),
  },
  histogram(
    'gaugeline_deployment_request_duration_seconds',
    'Latency of the requests that finished, in seconds, since the server started.',
    ({ latency }) => latency,
  ),
  histogram(
    'gaugeline_deployment_time_to_first_token_seconds',
    'Time to the first token of the requests that were streamed, in seconds, since the server started.',
    ({ timeToFirstToken }) => timeToFirstToken,
  ),
  histogram(
    'gaugeline_deployment_inter_token_latency_seconds',
    'Time between two tokens, one for each token, in seconds, since the server started.',
    ({ interTokenLatency }) => interTokenLatency,
  ),
  histogram(
    'gaugeline_deployment_queue_time_seconds',
    'Time that requests waited before they were worked on, in seconds, since the server started.',
    ({ queueTime }) => queueTime,
  ),
]

/** The exposition in parts, each made when it is asked for: a thousand deployments take several megabytes. */
export function* exposition(
  rows: readonly { deployment: NamedDeployment; totals: Totals }[],
): Generator<() => string, void, undefined> {
  const labelled = rows.map(({ deployment: { model, version, id }, totals }) => ({
    labels: `model="${escaped(model)}",version="${escaped(version)}",deployment="${escaped(id)}"`,
    totals,
  }))
  for (const { name, type, help, perPart, lines } of FAMILIES) {
    yield () => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (let at = 0; at < labelled.length; at += perPart) {
      const some = labelled.slice(at, at + perPart)
      yield () => some.map(({ labels, totals }) => lines(name, labels, totals)).join('')
    }
  }
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
