import type { NamedDeployment, Totals } from './deployment-totals.ts'
import { BOUNDS } from './latency-bounds.ts'

/** The text format of Prometheus. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

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
    'gaugeline_deployment_last_sample_timestamp_seconds',
    'End of the newest window that was recorded since the server started, in seconds since the epoch.',
    ({ lastEndMs }) => (lastEndMs === null ? null : lastEndMs / 1000),
  ),
  {
    name: 'gaugeline_deployment_request_duration_seconds',
    type: 'histogram',
    help: 'Latency of the requests that finished, in seconds, since the server started.',
    perPart: 16,
    lines: (name, labels, { latencies, latencySumMs }) => {
      let text = ''
      let count = 0
      for (const [bucket, le] of LE.entries()) {
        count += latencies[bucket] ?? 0
        text += `${name}_bucket{${labels}${le}${count}\n`
      }
      count += latencies[LE.length] ?? 0
      text += `${name}_bucket{${labels},le="+Inf"} ${count}\n`
      return `${text}${name}_sum{${labels}} ${latencySumMs / 1000}\n${name}_count{${labels}} ${count}\n`
    },
  },
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
