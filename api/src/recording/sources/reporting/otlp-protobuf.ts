import {
  type ExponentialBuckets,
  type ExponentialPoint,
  type HistogramPoint,
  MalformedReportError,
  type Metric,
  type MetricData,
  type NumberPoint,
  NO_RECORDED_VALUE,
  type ResourceMetrics,
  type SummaryPoint,
  TEMPORALITIES,
} from './otlp.ts'
import { ProtobufReader, type ReadField } from './protobuf-reader.ts'

/** What is read, while it is. */
type Draft<T> = { -readonly [Name in keyof T]: T[Name] }

/**
 * Reads the body of a metrics export request. The numbers below are those of the fields; others are skipped.
 * @throws MalformedReportError
 */
export function readOtlpProtobuf(bytes: Uint8Array): ResourceMetrics[] {
  try {
    return new ProtobufReader(bytes).whole<ResourceMetrics[]>([], readRequest)
  } catch (cause) {
    if (cause instanceof MalformedReportError) throw cause
    // The reader throws plain errors, and a RangeError past the end.
    throw new MalformedReportError(
      'The body is not an ExportMetricsServiceRequest in protobuf: it is cut off, or something else.',
      { cause },
    )
  }
}

const readRequest: ReadField<ResourceMetrics[]> = (reader, field, resources) => {
  if (field !== 1) return
  reader.parts.add()
  const resource = new Map<string, string>()
  const metrics: Metric[] = []
  resources.push(reader.message({ resource, metrics }, readResourceMetrics))
}

const readResourceMetrics: ReadField<{ resource: Map<string, string>; metrics: Metric[] }> = (reader, field, into) => {
  if (field === 1) reader.message(into.resource, readResource)
  else if (field === 2) {
    reader.parts.add()
    const read = reader.message<ScopeMetrics>({ metrics: [], name: '', version: '' }, readScopeMetrics)
    for (const metric of read.metrics) {
      metric.scope = `${read.name}\n${read.version}`
      into.metrics.push(metric)
    }
  }
}

const readResource: ReadField<Map<string, string>> = (reader, field, attributes) => {
  if (field === 1) readAttribute(reader, attributes)
}

interface ScopeMetrics {
  metrics: Metric[]
  name: string
  version: string
}

const readScopeMetrics: ReadField<ScopeMetrics> = (reader, field, into) => {
  if (field === 1) reader.message(into, readScope)
  else if (field === 2) {
    reader.parts.add()
    into.metrics.push(reader.message<Metric>({ scope: '', name: '', unit: '', data: null }, readMetric))
  }
}

const readScope: ReadField<ScopeMetrics> = (reader, field, scope) => {
  if (field === 1) scope.name = reader.text()
  else if (field === 2) scope.version = reader.text()
}

const readMetric: ReadField<Metric> = (reader, field, metric) => {
  if (field === 1) metric.name = reader.text()
  else if (field === 3) metric.unit = reader.text()
  else if (field === 5) metric.data = readData(reader, 'gauge', readNumberPoint)
  else if (field === 7) metric.data = readData(reader, 'sum', readNumberPoint)
  else if (field === 9) metric.data = readData(reader, 'histogram', readHistogramPoint)
  else if (field === 10) metric.data = readData(reader, 'exponential', readExponentialPoint)
  else if (field === 11) metric.data = readData(reader, 'summary', readSummaryPoint)
}

function readData(
  reader: ProtobufReader,
  kind: MetricData['kind'],
  readPoint: (reader: ProtobufReader) => MetricData['points'][number],
): MetricData {
  const data = { kind, points: [] as unknown[], temporality: TEMPORALITIES[0], isMonotonic: false }
  reader.message(data, (_reader, field) => {
    if (field === 1) {
      reader.parts.add()
      data.points.push(readPoint(reader))
    } else if (field === 2) data.temporality = TEMPORALITIES[reader.varint()] ?? 'UNSPECIFIED'
    else if (field === 3) data.isMonotonic = reader.varint() !== 0
  })
  return data as MetricData
}

function readNumberPoint(reader: ProtobufReader): NumberPoint {
  return reader.message({ ...emptyPoint(), value: null }, readNumberField)
}

const readNumberField: ReadField<Draft<NumberPoint> & Point> = (reader, field, point) => {
  if (field === 7) readAttribute(reader, point.attributes)
  else if (field === 2) point.startNanos = reader.fixed64()
  else if (field === 3) point.timeNanos = reader.fixed64()
  else if (field === 4) point.value = reader.double()
  else if (field === 6) point.value = reader.signedFixed64()
  else if (field === 8) point.hasNoValue = isWithoutValue(reader)
}

function readHistogramPoint(reader: ProtobufReader): HistogramPoint {
  // Not put together of parts: there are thousands of these a second.
  const point = {
    attributes: new Map<string, string>(),
    startNanos: 0,
    timeNanos: 0,
    hasNoValue: false,
    count: 0,
    sum: null,
    max: null,
    bounds: [],
    counts: [],
  }
  return reader.message(point, readHistogramField)
}

const readHistogramField: ReadField<Draft<HistogramPoint> & Point & { counts: number[] }> = (reader, field, point) => {
  if (field === 9) readAttribute(reader, point.attributes)
  else if (field === 2) point.startNanos = reader.fixed64()
  else if (field === 3) point.timeNanos = reader.fixed64()
  else if (field === 4) point.count = reader.fixed64()
  else if (field === 5) point.sum = reader.double()
  else if (field === 6) reader.fixed64s(point.counts)
  else if (field === 7) point.bounds = reader.doubles(point.bounds)
  else if (field === 10) point.hasNoValue = isWithoutValue(reader)
  else if (field === 12) point.max = reader.double()
}

function readExponentialPoint(reader: ProtobufReader): ExponentialPoint {
  const none: ExponentialBuckets = { offset: 0, counts: [] }
  const own = { scale: 0, zeroCount: 0, zeroThreshold: 0, positive: none, negative: none }
  return reader.message({ ...emptyDistribution(), ...own }, readExponentialField)
}

const readExponentialField: ReadField<Draft<ExponentialPoint> & Point> = (reader, field, point) => {
  if (field === 1) readAttribute(reader, point.attributes)
  else if (field === 2) point.startNanos = reader.fixed64()
  else if (field === 3) point.timeNanos = reader.fixed64()
  else if (field === 4) point.count = reader.fixed64()
  else if (field === 5) point.sum = reader.double()
  else if (field === 6) point.scale = reader.zigzag()
  else if (field === 7) point.zeroCount = reader.fixed64()
  else if (field === 8) point.positive = reader.message({ offset: 0, counts: [] }, readBuckets)
  else if (field === 9) point.negative = reader.message({ offset: 0, counts: [] }, readBuckets)
  else if (field === 10) point.hasNoValue = isWithoutValue(reader)
  else if (field === 13) point.max = reader.double()
  else if (field === 14) point.zeroThreshold = reader.double()
}

function readSummaryPoint(reader: ProtobufReader): SummaryPoint {
  return reader.message({ ...emptyDistribution(), sum: 0 }, readSummaryField)
}

const readSummaryField: ReadField<Draft<SummaryPoint> & Point> = (reader, field, point) => {
  if (field === 7) readAttribute(reader, point.attributes)
  else if (field === 2) point.startNanos = reader.fixed64()
  else if (field === 3) point.timeNanos = reader.fixed64()
  else if (field === 4) point.count = reader.fixed64()
  else if (field === 5) point.sum = reader.double()
  else if (field === 8) point.hasNoValue = isWithoutValue(reader)
}

const readBuckets: ReadField<{ offset: number; counts: number[] }> = (reader, field, buckets) => {
  if (field === 1) buckets.offset = reader.zigzag()
  else if (field === 2) reader.varints(buckets.counts)
}

function readAttribute(reader: ProtobufReader, into: Map<string, string>): void {
  const { key, value } = reader.message({ key: '', value: '' }, readAttributeField)
  into.set(key, value)
}

const readAttributeField: ReadField<{ key: string; value: string }> = (reader, field, attribute) => {
  if (field === 1) attribute.key = reader.text()
  else if (field === 2) reader.message(attribute, readValue)
}

/** A list, a map and bytes are kept as they are encoded: they only tell series apart. */
const readValue: ReadField<{ value: string }> = (reader, field, attribute) => {
  if (field === 1) attribute.value = reader.text()
  else if (field === 2) attribute.value = String(reader.varint() !== 0)
  else if (field === 3) attribute.value = String(reader.varint(true))
  else if (field === 4) attribute.value = String(reader.double())
  else if (field >= 5 && field <= 7) attribute.value = reader.base64()
}

function isWithoutValue(reader: ProtobufReader): boolean {
  return (reader.varint() & NO_RECORDED_VALUE) !== 0
}

interface Point {
  attributes: Map<string, string>
}

function emptyPoint() {
  return { attributes: new Map<string, string>(), startNanos: 0, timeNanos: 0, hasNoValue: false }
}

function emptyDistribution() {
  return { ...emptyPoint(), count: 0, sum: null, max: null }
}
