import type { ServerResponse } from 'node:http'
import { PbfWriter } from 'pbf'
import { sendBody } from '../http/responses.ts'

/** The encodings of OTLP over HTTP; an answer has that of its request. */
export type OtlpEncoding = 'protobuf' | 'json'

export const OTLP_MEDIA_TYPES: Readonly<Record<string, OtlpEncoding>> = {
  'application/x-protobuf': 'protobuf',
  'application/json': 'json',
}
const CONTENT_TYPES: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

/** The codes of google.rpc.Status, by the status of the answer. https://grpc.io/docs/guides/status-codes/ */
const RPC_CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 503: 14 }
const INVALID_ARGUMENT = 3

/** Sends an ExportMetricsServiceResponse: without `partialSuccess` when everything was taken. */
export function sendExportResponse(
  res: ServerResponse,
  encoding: OtlpEncoding,
  { rejected, message }: { rejected: number; message: string },
): void {
  const isWhole = rejected === 0 && message === ''
  if (encoding === 'json') {
    const partialSuccess = { rejectedDataPoints: String(rejected), errorMessage: message }
    return sendBody(res, 200, CONTENT_TYPES.json, JSON.stringify(isWhole ? {} : { partialSuccess }))
  }
  const pbf = new PbfWriter()
  if (!isWhole) {
    const write = () => {
      if (rejected > 0) pbf.writeVarintField(1, rejected)
      pbf.writeStringField(2, message)
    }
    pbf.writeMessage(1, write, null)
  }
  sendBody(res, 200, CONTENT_TYPES.protobuf, Buffer.from(pbf.finish()))
}

/** Sends a google.rpc.Status. */
export function sendStatus(res: ServerResponse, encoding: OtlpEncoding, status: number, message: string): void {
  const code = RPC_CODES[status] ?? INVALID_ARGUMENT
  if (encoding === 'json') return sendBody(res, status, CONTENT_TYPES.json, JSON.stringify({ code, message }))
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, code)
  pbf.writeStringField(2, message)
  sendBody(res, status, CONTENT_TYPES.protobuf, Buffer.from(pbf.finish()))
}
