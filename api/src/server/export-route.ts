import type { IncomingMessage } from 'node:http'
import { pathOf } from '../http/path.ts'
import type { StreamedAnswer } from './streamed-answers.ts'

/** What can be exported; see samples/metrics-exports.ts. */
export interface Exports {
  /** @throws RefusedError for a query that is wrong, and an id that nothing has */
  open(target: ExportTarget, query: URLSearchParams): Promise<StreamedAnswer>
}

interface ExportTarget {
  kind: 'deployment' | 'model' | 'fleet'
  /** As the API gives it; empty for the fleet. */
  id: string
  format: 'csv' | 'json'
}

const PATH = /^\/export\/(?:(deployment|model)s\/([A-Za-z0-9+%=_-]{1,200})|fleet)\/metrics\.(csv|json)$/

export function isExport(path: string): boolean {
  return path === '/export' || path.startsWith('/export/')
}

/** What a request asks for; undefined when there is nothing at its path. */
export function exportOf(req: IncomingMessage): { target: ExportTarget; query: URLSearchParams } | undefined {
  const [, kind = 'fleet', id = '', format] = PATH.exec(pathOf(req)) ?? []
  if (format === undefined) return undefined
  const target = { kind, id: decoded(id), format } as ExportTarget
  const query = new URLSearchParams((req.url ?? '').split('?').slice(1).join('?'))
  return { target, query }
}

/** A client may encode the equals signs at the end of an id. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch (error) {
    if (error instanceof URIError) return id
    throw error
  }
}
