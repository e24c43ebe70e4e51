/** Requests of OTLP in JSON, as exporters write them. */

export interface GivenPoint {
  /** As the API shows it; left out: the request names none. */
  deployment?: string
  name: string
  timeMs: number
  startMs?: number
  attributes?: Record<string, string>
  resource?: Record<string, string>
}

export const nanos = (ms: number): string => `${BigInt(Math.round(ms * 1000)) * 1000n}`

const attributesOf = (values: Record<string, string>) =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }))

const pointBase = ({ timeMs, startMs = timeMs - 1000, attributes = {} }: GivenPoint) => ({
  attributes: attributesOf(attributes),
  startTimeUnixNano: nanos(startMs),
  timeUnixNano: nanos(timeMs),
})

/** A request with one metric. */
export function requestOf({ deployment, name, resource = {} }: GivenPoint, data: object, unit = ''): object {
  const named: Record<string, string> = deployment === undefined ? {} : { 'gaugeline.deployment.id': deployment }
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf({ 'service.name': 'test', ...named, ...resource }) },
        scopeMetrics: [{ scope: { name: 'test' }, metrics: [{ name, unit, ...data }] }],
      },
    ],
  }
}

export function deltaSum(given: GivenPoint & { value: number }): object {
  const dataPoints = [{ ...pointBase(given), asDouble: given.value }]
  return requestOf(given, { sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints } })
}

interface GivenHistogram extends GivenPoint {
  unit?: string
  counts: number[]
  bounds: number[]
  sum?: number
  max?: number
  temporality?: 1 | 2
}

export function histogram({ unit = 's', counts, bounds, sum, max, temporality = 1, ...given }: GivenHistogram): object {
  const count = counts.reduce((total, of) => total + of, 0)
  const buckets = { bucketCounts: counts.map(String), explicitBounds: bounds }
  const dataPoints = [{ ...pointBase(given), count: String(count), sum, max, ...buckets }]
  return requestOf(given, { histogram: { aggregationTemporality: temporality, dataPoints } }, unit)
}
