import { PbfWriter } from 'pbf'

type Json = Record<string, unknown>
type Write = (field: number, value: unknown, pbf: PbfWriter) => void

const fixed: Write = (field, value, pbf) => pbf.writeFixed64Field(field, Number(value))
const double: Write = (field, value, pbf) => pbf.writeDoubleField(field, Number(value))
const zigzag: Write = (field, value, pbf) => pbf.writeSVarintField(field, Number(value))
const varint: Write = (field, value, pbf) => pbf.writeVarintField(field, Number(value))
const text: Write = (field, value, pbf) => pbf.writeStringField(field, String(value))
const flag: Write = (field, value, pbf) => pbf.writeBooleanField(field, value === true)
const each =
  (write: Write): Write =>
  (field, value, pbf) =>
    (value as unknown[]).forEach((one) => write(field, one, pbf))
const packed =
  (write: 'writePackedFixed64' | 'writePackedDouble' | 'writePackedVarint'): Write =>
  (field, value, pbf) =>
    pbf[write](field, (value as unknown[]).map(Number))

/** A message by the names of its fields in JSON. */
type Message = Record<string, [number, Write]>

const message =
  (fields: () => Message): Write =>
  (field, value, pbf) =>
    pbf.writeMessage(field, (given: Json, inner) => writeFields(fields(), given, inner), value as Json)

function writeFields(fields: Message, given: Json, pbf: PbfWriter): void {
  for (const [name, value] of Object.entries(given)) {
    const [field, write] = fields[name] ?? []
    if (field === undefined || write === undefined) throw new Error(`Nobody writes ${name} in protobuf.`)
    if (value !== undefined) write(field, value, pbf)
  }
}

const value = message(() => ({
  stringValue: [1, text],
  boolValue: [2, flag],
  intValue: [3, varint],
  doubleValue: [4, double],
}))
const attributes = each(message(() => ({ key: [1, text], value: [2, value] })))
const times: Message = { startTimeUnixNano: [2, fixed], timeUnixNano: [3, fixed] }
const distribution: Message = { ...times, count: [4, fixed], sum: [5, double] }
const number = message(() => ({
  ...times,
  asDouble: [4, double],
  asInt: [6, fixed],
  attributes: [7, attributes],
  flags: [8, varint],
}))
const explicit = message(() => ({
  ...distribution,
  bucketCounts: [6, packed('writePackedFixed64')],
  explicitBounds: [7, packed('writePackedDouble')],
  attributes: [9, attributes],
  flags: [10, varint],
  min: [11, double],
  max: [12, double],
}))
const buckets = message(() => ({ offset: [1, zigzag], bucketCounts: [2, packed('writePackedVarint')] }))
const exponential = message(() => ({
  ...distribution,
  attributes: [1, attributes],
  scale: [6, zigzag],
  zeroCount: [7, fixed],
  positive: [8, buckets],
  negative: [9, buckets],
  flags: [10, varint],
  min: [12, double],
  max: [13, double],
  zeroThreshold: [14, double],
}))
const quantile = message(() => ({ quantile: [1, double], value: [2, double] }))
const summary = message(() => ({
  ...distribution,
  quantileValues: [6, each(quantile)],
  attributes: [7, attributes],
  flags: [8, varint],
}))

const data = (point: Write) =>
  message(() => ({ dataPoints: [1, each(point)], aggregationTemporality: [2, varint], isMonotonic: [3, flag] }))
const metric = message(() => ({
  name: [1, text],
  description: [2, text],
  unit: [3, text],
  gauge: [5, data(number)],
  sum: [7, data(number)],
  histogram: [9, data(explicit)],
  exponentialHistogram: [10, data(exponential)],
  summary: [11, data(summary)],
}))
const scope = message(() => ({ name: [1, text], version: [2, text], attributes: [3, attributes] }))
const REQUEST: Message = {
  resourceMetrics: [
    1,
    each(
      message(() => ({
        resource: [1, message(() => ({ attributes: [1, attributes] }))],
        scopeMetrics: [2, each(message(() => ({ scope: [1, scope], metrics: [2, each(metric)] })))],
      })),
    ),
  ],
}

/** A request, given as in JSON, in protobuf. */
export function protobufOf(request: object): Buffer {
  const pbf = new PbfWriter()
  writeFields(REQUEST, request as Json, pbf)
  return Buffer.from(pbf.finish())
}
