import { readFileSync, statSync } from 'node:fs'
import { parseTimestamp } from './trace-timestamp.ts'

/** Ticks of 100 ns, the resolution of recorded timestamps: whole numbers, so that sums and comparisons are exact. */
export const TICKS_PER_MS = 10_000

/** Recorded traffic: when requests came and how large they were. Row i of the file is at index i of each array. */
export interface TrafficTrace {
  /** Where it was read from. */
  readonly path: string
  /** Ticks after the first request, ascending. */
  readonly arrivalTicks: Float64Array
  readonly promptTokens: Uint32Array
  readonly generatedTokens: Uint32Array
  /**
   * After how many ticks the recording starts over: its span plus one mean gap, `span × n / (n - 1)`, rounded up to a
   * whole millisecond so that loops begin where windows can.
   */
  readonly periodTicks: number
}

/** A recording that cannot be used. The message is one line: file, line where there is one, and reason. */
export class TraceError extends Error {
  override name = 'TraceError'
  readonly path: string
  /** From 1, the header; null when the fault is the file's as a whole. */
  readonly line: number | null
  readonly reason: string

  constructor(path: string, line: number | null, reason: string, cause?: unknown) {
    super(`${printable(path)}${line === null ? '' : `:${line}`}: ${reason}`, { cause })
    this.path = path
    this.line = line
    this.reason = reason
  }
}

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens'

/** Far above any context there is: more is a column mixed up. */
const MAX_TOKENS = 10_000_000
/** It is read at once; an hour of five requests a second is below 1 MB. */
const MAX_BYTES = 256 * 2 ** 20
/** Ticks up to here, and years of loops on top, are exact in a double. */
const MAX_SPAN_DAYS = 366
/** Every request of a window is looked at: faster traffic on average would stall the server. */
const MAX_REQUESTS_PER_SECOND = 10_000

/**
 * Reads a recording: CSV with the header `TIMESTAMP,ContextTokens,GeneratedTokens`, one request a line in order of
 * arrival, the time in UTC like `2023-11-16 18:15:46.6805900`. A byte order mark, CRLF and blank lines at the end are
 * fine.
 * @throws TraceError for a file that cannot be read or is not like that.
 */
export function loadTrace(path: string): TrafficTrace {
  const lines = readText(path)
    .replace(/^\uFEFF/, '')
    .split('\n')
  while (lines.length > 0 && /^\r?$/.test(lines.at(-1) ?? '')) lines.pop()
  if (lines.length === 0) throw new TraceError(path, null, 'is empty')
  if (withoutCr(lines[0]) !== HEADER) {
    throw new TraceError(path, 1, `the header is ${quoted(withoutCr(lines[0]))}, not ${quoted(HEADER)}`)
  }
  const rows = lines.length - 1
  if (rows < 2) {
    throw new TraceError(path, null, `has ${rows === 1 ? 'one request' : 'no requests'}, at least two are needed`)
  }

  const arrivalTicks = new Float64Array(rows)
  const promptTokens = new Uint32Array(rows)
  const generatedTokens = new Uint32Array(rows)
  let first: bigint | null = null
  for (let row = 0; row < rows; row++) {
    const line = row + 2
    const fields = withoutCr(lines[row + 1]).split(',')
    if (fields.length !== 3) throw new TraceError(path, line, `has ${fields.length} of 3 fields`)
    const [timestamp = '', prompt = '', generated = ''] = fields
    const ticks = parseTimestamp(timestamp)
    if (ticks === null) {
      throw new TraceError(path, line, `${quoted(timestamp)} is no time like 2023-11-16 18:15:46.6805900`)
    }
    first ??= ticks
    arrivalTicks[row] = Number(ticks - first)
    if ((arrivalTicks[row] ?? 0) < (arrivalTicks[row - 1] ?? 0)) {
      throw new TraceError(path, line, `${quoted(timestamp)} is earlier than the line before`)
    }
    promptTokens[row] = parseTokens(path, line, 'ContextTokens', prompt)
    generatedTokens[row] = parseTokens(path, line, 'GeneratedTokens', generated)
  }
  return { path, arrivalTicks, promptTokens, generatedTokens, periodTicks: periodOf(path, arrivalTicks) }
}

function readText(path: string): string {
  try {
    const file = statSync(path)
    if (file.isDirectory()) throw new TraceError(path, null, 'is a directory')
    if (!file.isFile()) throw new TraceError(path, null, 'is not a regular file')
    if (file.size > MAX_BYTES) throw new TraceError(path, null, `is larger than ${MAX_BYTES / 2 ** 20} MiB`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof TraceError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new TraceError(path, null, code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`, error)
  }
}

function periodOf(path: string, arrivalTicks: Float64Array): number {
  const rows = arrivalTicks.length
  const spanTicks = arrivalTicks.at(-1) ?? 0
  if (spanTicks === 0) throw new TraceError(path, null, 'has all its requests at the same time')
  if (spanTicks > MAX_SPAN_DAYS * 86_400_000 * TICKS_PER_MS) {
    throw new TraceError(path, null, `spans more than ${MAX_SPAN_DAYS} days`)
  }
  const periodMs = Math.ceil((spanTicks * rows) / (rows - 1) / TICKS_PER_MS)
  const requestsPerSecond = rows / (periodMs / 1_000)
  if (requestsPerSecond > MAX_REQUESTS_PER_SECOND) {
    const rate = Math.round(requestsPerSecond)
    throw new TraceError(path, null, `has ${rate} requests a second, more than ${MAX_REQUESTS_PER_SECOND}`)
  }
  return periodMs * TICKS_PER_MS
}

function parseTokens(path: string, line: number, column: string, field: string): number {
  if (!/^\d+$/.test(field)) throw new TraceError(path, line, `${column} is ${quoted(field)}, not a whole number`)
  const tokens = Number(field)
  if (tokens > MAX_TOKENS) throw new TraceError(path, line, `${column} is ${quoted(field)}, above ${MAX_TOKENS}`)
  return tokens
}

function withoutCr(line = ''): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** What the field holds, on one line and not too long. */
function quoted(text: string): string {
  return printable(JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text))
}

/** With whatever would break or disguise a line, such as control characters and direction marks, replaced. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD')
}
