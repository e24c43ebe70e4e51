import { PbfReader } from 'pbf'
import {
  type Attributes,
  type ExponentialBuckets,
  type ExponentialPoint,
  type HistogramPoint,
  MalformedReportError,
  type Metric,
  type MetricData,
  type NumberPoint,
  NO_RECORDED_VALUE,
  Parts,
  type ResourceMetrics,
  type SummaryPoint,
  TEMPORALITIES,
} from './otlp.ts'

/** Wire types. https://protobuf.dev/programming-guides/encoding/#structure */
const VARINT = 0
const FIXED64 = 1
const BYTES = 2

/**
 * Reads the body of a metrics export request. The numbers below are those of the fields; others are skipped.
 * @throws MalformedReportError
 */
export function readOtlpProtobuf(bytes: Uint8Array): ResourceMetrics[] {
  const pbf = new PbfReader(bytes)
  const parts = new Parts()
  const resources: ResourceMetrics[] = []
  try {
    readFields(pbf, bytes.length, (field) => {
      if (field === 1) resources.push(readResourceMetrics(pbf, parts))
    })
  } catch (cause) {
    if (cause instanceof MalformedReportError) throw cause
    // The reader throws plain errors, and a RangeError past the end.
    throw new MalformedReportError(
      'The body is not an ExportMetricsServiceRequest in protobuf: it is cut off, or something else.',
      { cause },
    )
  }
  return resources
}

/** Each field is read to its end and no further: the reader itself would go on beyond a message without a word. */
function readFields(pbf: PbfReader, end: number, read: (field: number) => void): void {
  if (!(end <= pbf.length)) throw new Error('A message is longer than what is left.')
  while (pbf.pos < end) {
    const field = pbf.nextField(end)
    // 0 at the end, once a field that was not read is skipped.
    if (field === 0) break
    read(field)
  }
  if (pbf.pos !== end) throw new Error('A field ends beyond its message.')
}

function readMessage(pbf: PbfReader, read: (field: number) => void): void {
  expectType(pbf, BYTES)
  const length = pbf.readVarint()
  readFields(pbf, pbf.pos + length, read)
}

function expectType(pbf: PbfReader, type: number): void {
  if (pbf.type !== type) throw new Error(`A field has wire type ${pbf.type}, not ${type}.`)
}

function readText(pbf: PbfReader): string {
  expectType(pbf, BYTES)
  return pbf.readString()
}

function readVarint(pbf: PbfReader, isSigned = false): number {
  expectType(pbf, VARINT)
  return pbf.readVarint(isSigned)
}

function readZigzag(pbf: PbfReader): number {
  expectType(pbf, VARINT)
  return pbf.readSVarint()
}

function readDouble(pbf: PbfReader): number {
  expectType(pbf, FIXED64)
  return pbf.readDouble()
}

function readFixed64(pbf: PbfReader): number {
  expectType(pbf, FIXED64)
  return pbf.readFixed64()
}

function readSignedFixed64(pbf: PbfReader): number {
  expectType(pbf, FIXED64)
  return pbf.readSFixed64()
}

/** Repeated numbers: packed, or one at a time. */
function readNumbers(pbf: PbfReader, into: number[], type: number, readOne: () => number): void {
  if (pbf.type === BYTES) {
    const end = pbf.readVarint() + pbf.pos
    if (!(end <= pbf.length)) throw new Error('A list is longer than what is left.')
    while (pbf.pos < end) into.push(readOne())
    if (pbf.pos !== end) throw new Error('A number ends beyond its list.')
    return
  }
  expectType(pbf, type)
  into.push(readOne())
}

function readResourceMetrics(pbf: PbfReader, parts: Parts): ResourceMetrics {
  parts.add()
  const resource = new Map<string, string>()
  const metrics: Metric[] = []
  readMessage(pbf, (field) => {
    if (field === 1) readMessage(pbf, (inner) => inner === 1 && readAttribute(pbf, resource))
    else if (field === 2) {
      parts.add()
      readMessage(pbf, (inner) => inner === 2 && metrics.push(readMetric(pbf, parts)))
    }
  })
  return { resource, metrics }
}

function readMetric(pbf: PbfReader, parts: Parts): Metric {
  parts.add()
  const metric: Metric = { name: '', unit: '', data: null }
  readMessage(pbf, (field) => {
    if (field === 1) metric.name = readText(pbf)
    else if (field === 3) metric.unit = readText(pbf)
    else if (field === 5) metric.data = readData(pbf, parts, 'gauge', readNumberPoint)
    else if (field === 7) metric.data = readData(pbf, parts, 'sum', readNumberPoint)
    else if (field === 9) metric.data = readData(pbf, parts, 'histogram', readHistogramPoint)
    else if (field === 10) metric.data = readData(pbf, parts, 'exponential', readExponentialPoint)
    else if (field === 11) metric.data = readData(pbf, parts, 'summary', readSummaryPoint)
  })
  return metric
}

function readData<Point>(
  pbf: PbfReader,
  parts: Parts,
  kind: MetricData['kind'],
  readPoint: (pbf: PbfReader) => Point,
): MetricData {
  const points: Point[] = []
  let temporality = 0
  let isMonotonic = false
  readMessage(pbf, (field) => {
    if (field === 1) {
      parts.add()
      points.push(readPoint(pbf))
    } else if (field === 2) temporality = readVarint(pbf)
    else if (field === 3) isMonotonic = readVarint(pbf) !== 0
  })
  return {
    kind,
    points,
    temporality: TEMPORALITIES[temporality] ?? 'UNSPECIFIED',
    isMonotonic,
  } as unknown as MetricData
}

function readNumberPoint(pbf: PbfReader): NumberPoint {
  const attributes = new Map<string, string>()
  const point = { attributes, startNanos: 0, timeNanos: 0, hasNoValue: false, value: null as number | null }
  readMessage(pbf, (field) => {
    if (field === 7) readAttribute(pbf, attributes)
    else if (field === 2) point.startNanos = readFixed64(pbf)
    else if (field === 3) point.timeNanos = readFixed64(pbf)
    else if (field === 4) point.value = readDouble(pbf)
    else if (field === 6) point.value = readSignedFixed64(pbf)
    else if (field === 8) point.hasNoValue = isWithoutValue(pbf)
  })
  return point
}

function readHistogramPoint(pbf: PbfReader): HistogramPoint {
  const attributes = new Map<string, string>()
  const [bounds, counts]: [number[], number[]] = [[], []]
  const point = { ...emptyDistribution(), attributes, bounds, counts }
  readMessage(pbf, (field) => {
    if (field === 9) readAttribute(pbf, attributes)
    else if (field === 2) point.startNanos = readFixed64(pbf)
    else if (field === 3) point.timeNanos = readFixed64(pbf)
    else if (field === 4) point.count = readFixed64(pbf)
    else if (field === 5) point.sum = readDouble(pbf)
    else if (field === 6) readNumbers(pbf, counts, FIXED64, () => pbf.readFixed64())
    else if (field === 7) readNumbers(pbf, bounds, FIXED64, () => pbf.readDouble())
    else if (field === 10) point.hasNoValue = isWithoutValue(pbf)
    else if (field === 12) point.max = readDouble(pbf)
  })
  return point
}

function readExponentialPoint(pbf: PbfReader): ExponentialPoint {
  const attributes = new Map<string, string>()
  const none: ExponentialBuckets = { offset: 0, counts: [] }
  const own = { scale: 0, zeroCount: 0, zeroThreshold: 0, positive: none, negative: none }
  const point = { ...emptyDistribution(), attributes, ...own }
  readMessage(pbf, (field) => {
    if (field === 1) readAttribute(pbf, attributes)
    else if (field === 2) point.startNanos = readFixed64(pbf)
    else if (field === 3) point.timeNanos = readFixed64(pbf)
    else if (field === 4) point.count = readFixed64(pbf)
    else if (field === 5) point.sum = readDouble(pbf)
    else if (field === 6) point.scale = readZigzag(pbf)
    else if (field === 7) point.zeroCount = readFixed64(pbf)
    else if (field === 8) point.positive = readBuckets(pbf)
    else if (field === 9) point.negative = readBuckets(pbf)
    else if (field === 10) point.hasNoValue = isWithoutValue(pbf)
    else if (field === 13) point.max = readDouble(pbf)
    else if (field === 14) point.zeroThreshold = readDouble(pbf)
  })
  return point
}

function readSummaryPoint(pbf: PbfReader): SummaryPoint {
  const attributes = new Map<string, string>()
  const point = { ...emptyDistribution(), attributes, sum: 0 }
  readMessage(pbf, (field) => {
    if (field === 7) readAttribute(pbf, attributes)
    else if (field === 2) point.startNanos = readFixed64(pbf)
    else if (field === 3) point.timeNanos = readFixed64(pbf)
    else if (field === 4) point.count = readFixed64(pbf)
    else if (field === 5) point.sum = readDouble(pbf)
    else if (field === 8) point.hasNoValue = isWithoutValue(pbf)
  })
  return point
}

function readBuckets(pbf: PbfReader): ExponentialBuckets {
  const buckets = { offset: 0, counts: [] as number[] }
  readMessage(pbf, (field) => {
    if (field === 1) buckets.offset = readZigzag(pbf)
    else if (field === 2) readNumbers(pbf, buckets.counts, VARINT, () => pbf.readVarint())
  })
  return buckets
}

/** A list, a map and bytes are kept as they are encoded: they only tell series apart. */
function readAttribute(pbf: PbfReader, into: Map<string, string>): Attributes {
  let key = ''
  let value = ''
  readMessage(pbf, (field) => {
    if (field === 1) key = readText(pbf)
    else if (field === 2) {
      readMessage(pbf, (kind) => {
        if (kind === 1) value = readText(pbf)
        else if (kind === 2) value = String(readVarint(pbf) !== 0)
        else if (kind === 3) value = String(readVarint(pbf, true))
        else if (kind === 4) value = String(readDouble(pbf))
        else if (kind >= 5 && kind <= 7) {
          expectType(pbf, BYTES)
          value = Buffer.from(pbf.readBytes()).toString('base64')
        }
      })
    }
  })
  return into.set(key, value)
}

function isWithoutValue(pbf: PbfReader): boolean {
  return (readVarint(pbf) & NO_RECORDED_VALUE) !== 0
}

function emptyDistribution() {
  return {
    startNanos: 0,
    timeNanos: 0,
    hasNoValue: false,
    count: 0,
    sum: null as number | null,
    max: null as number | null,
  }
}
