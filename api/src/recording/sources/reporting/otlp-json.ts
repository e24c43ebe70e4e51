import {
  type ExponentialBuckets,
  MalformedReportError,
  type Metric,
  type MetricData,
  NO_RECORDED_VALUE,
  Parts,
  type ResourceMetrics,
  TEMPORALITIES,
  type Temporality,
} from './otlp.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Reads a metrics export request from JSON. Enums are integers (their names are understood as well), integers of 64 bits
 * are numbers or texts, and unknown fields are ignored.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 * @throws MalformedReportError, with the path to what is wrong
 */
export function readOtlpJson(body: unknown): ResourceMetrics[] {
  const request = object(body, 'The body')
  const parts = new Parts()
  return list(request, 'resourceMetrics', 'resourceMetrics', parts).map(([resourceMetrics, path]) => ({
    resource: attributesOf(fieldOf(resourceMetrics, 'resource', path), `${path}.resource`),
    metrics: list(resourceMetrics, 'scopeMetrics', `${path}.scopeMetrics`, parts).flatMap(([scope, scopePath]) =>
      list(scope, 'metrics', `${scopePath}.metrics`, parts).map(([metric, metricPath]) =>
        metricOf(metric, metricPath, scopeOf(scope, scopePath), parts),
      ),
    ),
  }))
}

function scopeOf(scopeMetrics: Json, path: string): string {
  const scope = fieldOf(scopeMetrics, 'scope', path)
  return `${text(scope['name'], `${path}.scope.name`)}\n${text(scope['version'], `${path}.scope.version`)}`
}

function metricOf(metric: Json, path: string, scope: string, parts: Parts): Metric {
  const read = <Point>(kind: MetricData['kind'], field: string, pointOf: (point: Json, path: string) => Point) => {
    const data = fieldOf(metric, field, path)
    const dataPoints = list(data, 'dataPoints', `${path}.${field}.dataPoints`, parts)
    const points = dataPoints.map(([point, at]) => pointOf(point, at))
    const temporality = temporalityOf(data['aggregationTemporality'])
    return { kind, points, temporality, isMonotonic: data['isMonotonic'] === true } as unknown as MetricData
  }
  let data: MetricData | null = null
  if (isSet(metric['gauge'])) data = read('gauge', 'gauge', numberPointOf)
  else if (isSet(metric['sum'])) data = read('sum', 'sum', numberPointOf)
  else if (isSet(metric['histogram'])) data = read('histogram', 'histogram', histogramPointOf)
  else if (isSet(metric['exponentialHistogram'])) data = read('exponential', 'exponentialHistogram', exponentialPointOf)
  else if (isSet(metric['summary'])) data = read('summary', 'summary', summaryPointOf)
  return { scope, name: text(metric['name'], `${path}.name`), unit: text(metric['unit'], `${path}.unit`), data }
}

function pointBase(point: Json, path: string) {
  return {
    attributes: attributesOf(point, path),
    startNanos: number(point['startTimeUnixNano'], `${path}.startTimeUnixNano`),
    timeNanos: number(point['timeUnixNano'], `${path}.timeUnixNano`),
    hasNoValue: (number(point['flags'], `${path}.flags`) & NO_RECORDED_VALUE) !== 0,
  }
}

function numberPointOf(point: Json, path: string) {
  const value = optionalNumber(point['asInt'], `${path}.asInt`) ?? optionalNumber(point['asDouble'], `${path}.asDouble`)
  return { ...pointBase(point, path), value }
}

function distributionOf(point: Json, path: string) {
  return {
    ...pointBase(point, path),
    count: number(point['count'], `${path}.count`),
    sum: optionalNumber(point['sum'], `${path}.sum`),
    max: optionalNumber(point['max'], `${path}.max`),
  }
}

function histogramPointOf(point: Json, path: string) {
  return {
    ...distributionOf(point, path),
    bounds: numbers(point['explicitBounds'], `${path}.explicitBounds`),
    counts: numbers(point['bucketCounts'], `${path}.bucketCounts`),
  }
}

function exponentialPointOf(point: Json, path: string) {
  const buckets = (name: string): ExponentialBuckets => {
    const given = fieldOf(point, name, path)
    return {
      offset: number(given['offset'], `${path}.${name}.offset`),
      counts: numbers(given['bucketCounts'], `${path}.${name}.bucketCounts`),
    }
  }
  return {
    ...distributionOf(point, path),
    scale: number(point['scale'], `${path}.scale`),
    zeroCount: number(point['zeroCount'], `${path}.zeroCount`),
    zeroThreshold: number(point['zeroThreshold'], `${path}.zeroThreshold`),
    positive: buckets('positive'),
    negative: buckets('negative'),
  }
}

function summaryPointOf(point: Json, path: string) {
  const { sum, ...rest } = distributionOf(point, path)
  return { ...rest, sum: sum ?? 0 }
}

function temporalityOf(value: unknown): Temporality {
  const names: readonly unknown[] = TEMPORALITIES.map((name) => `AGGREGATION_TEMPORALITY_${name}`)
  const index = typeof value === 'string' ? names.indexOf(value) : Number(value ?? 0)
  return TEMPORALITIES[index] ?? 'UNSPECIFIED'
}

function attributesOf(holder: Json, path: string): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const [attribute, at] of list(holder, 'attributes', `${path}.attributes`)) {
    const value = fieldOf(attribute, 'value', at)
    attributes.set(text(attribute['key'], `${at}.key`), valueOf(value))
  }
  return attributes
}

/** A list, a map and bytes are kept as they are written: they only tell series apart. */
function valueOf(value: Json): string {
  for (const name of ['stringValue', 'boolValue', 'intValue', 'doubleValue']) {
    const given = value[name]
    if (isSet(given)) return typeof given === 'string' ? given : JSON.stringify(given)
  }
  return JSON.stringify(value)
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}

function object(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new MalformedReportError(`${what} must be a JSON object.`)
}

/** The object in a field; empty when there is none. */
function fieldOf(holder: Json, name: string, path: string): Json {
  const value = holder[name]
  return isSet(value) ? object(value, `${path}.${name}`) : {}
}

/** The objects in a field, each with its path; those that are parts of the request are counted first. */
function list(holder: Json, name: string, path: string, parts?: Parts): [Json, string][] {
  const value = holder[name]
  if (!isSet(value)) return []
  if (!Array.isArray(value)) throw new MalformedReportError(`${path} must be a list.`)
  parts?.add(value.length)
  return value.map((entry, at) => [object(entry, `${path}[${at}]`), `${path}[${at}]`])
}

function text(value: unknown, path: string): string {
  if (!isSet(value)) return ''
  if (typeof value === 'string') return value
  throw new MalformedReportError(`${path} must be a text.`)
}

function number(value: unknown, path: string): number {
  return optionalNumber(value, path) ?? 0
}

/** What is not finite has a name in JSON. */
function optionalNumber(value: unknown, path: string): number | null {
  if (!isSet(value)) return null
  if (typeof value === 'number') return value
  if (typeof value === 'string' && /^(-?\d+(\.\d+)?([eE][+-]?\d+)?|-?Infinity|NaN)$/.test(value)) return Number(value)
  throw new MalformedReportError(`${path} must be a number.`)
}

function numbers(value: unknown, path: string): number[] {
  if (!isSet(value)) return []
  if (!Array.isArray(value)) throw new MalformedReportError(`${path} must be a list.`)
  return value.map((entry, at) => number(entry, `${path}[${at}]`))
}
