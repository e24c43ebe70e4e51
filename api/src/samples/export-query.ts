import { parseDateTime } from '../base/date-time.ts'
import { RefusedError } from '../base/errors.ts'
import { MERGED_RESOLUTIONS } from '../base/kept-times.ts'

/** Resolutions that can be asked for, in seconds. */
const RESOLUTIONS_S = [1, ...MERGED_RESOLUTIONS.map(({ resolutionMs }) => resolutionMs / 1000)]
const PARAMETERS = ['from', 'to', 'resolution']
/** Of the range when `from` is left out. */
const DEFAULT_RANGE_MS = 3_600_000
/** Nothing is recorded outside. */
const EARLIEST_MS = 0
const LATEST_MS = Date.UTC(2200, 0)

/** What an export is of. */
export interface ExportQuery {
  fromMs: number
  toMs: number
  /** Undefined: as finely as it is kept. */
  resolutionMs: number | undefined
}

/**
 * Reads `from` and `to` (RFC 3339; default: the last hour) and `resolution` (seconds). With a resolution, the range is
 * of whole windows of it: `from` is rounded down to one, and `to` up.
 * @param finestMs the finest resolution that there is, and the default; undefined: as it was recorded, where that is kept
 * @throws RefusedError BAD_USER_INPUT
 */
export function readExportQuery(query: URLSearchParams, nowMs: number, finestMs?: number): ExportQuery {
  for (const name of query.keys()) {
    if (PARAMETERS.includes(name) && query.getAll(name).length === 1) continue
    throw badInput(`An export takes ${PARAMETERS.join(', ')}, each once; not ${shown(name)}.`)
  }
  const resolutionMs = resolutionOf(query.get('resolution'), finestMs)
  const toMs = timeOf('to', query.get('to')) ?? nowMs
  const fromMs = timeOf('from', query.get('from')) ?? toMs - DEFAULT_RANGE_MS
  if (!(fromMs < toMs)) throw badInput('from must lie before to, which is now when it is left out.')
  if (fromMs < EARLIEST_MS || toMs > LATEST_MS) {
    throw badInput('from and to must lie between the years 1970 and 2200.')
  }
  if (resolutionMs === undefined) return { fromMs, toMs, resolutionMs }
  return {
    fromMs: Math.floor(fromMs / resolutionMs) * resolutionMs,
    toMs: Math.ceil(toMs / resolutionMs) * resolutionMs,
    resolutionMs,
  }
}

function resolutionOf(value: string | null, finestMs: number | undefined): number | undefined {
  if (value === null) return finestMs
  const allowed = RESOLUTIONS_S.filter((seconds) => seconds * 1000 >= (finestMs ?? 0))
  const seconds = allowed.find((one) => String(one) === value)
  if (seconds !== undefined) return seconds * 1000
  const listed = `${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`
  throw badInput(`resolution must be ${listed} (seconds), not ${shown(value)}.`)
}

function timeOf(name: string, value: string | null): number | undefined {
  if (value === null) return undefined
  // In a query, the plus of an offset that was not encoded means a space.
  const time = parseDateTime(value.replace(' ', '+'))
  if (time !== undefined) return time.getTime()
  throw badInput(`${name} must be ISO 8601 with an offset, such as 2026-11-23T14:02:00Z, not ${shown(value)}.`)
}

function badInput(message: string): RefusedError {
  return new RefusedError('BAD_USER_INPUT', message)
}

function shown(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
}
