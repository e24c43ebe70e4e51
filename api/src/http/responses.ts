import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RefusalCode, RefusalDetails } from '../base/errors.ts'
import type { AnswerBody } from '../engine/answer-body.ts'
import { acceptedBy, type JsonType } from './accept.ts'
import { pathOf } from './path.ts'

/** Every `extensions.code` that this layer answers with: the services' refusals and three of its own. */
export type PublicCode = RefusalCode | 'INTERNAL' | 'BAD_REQUEST' | 'PERSISTED_QUERY_NOT_SUPPORTED'

const STATUS: Record<PublicCode, number> = {
  BAD_REQUEST: 400,
  // Not an error to its callers, who then send the document: they look for it in successful answers only.
  PERSISTED_QUERY_NOT_SUPPORTED: 200,
  BAD_USER_INPUT: 400,
  CURSOR_INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  LIMIT_EXCEEDED: 400,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
}

/** The status of an answer to what was refused. */
export function statusOfRefusal(code: RefusalCode): number {
  return STATUS[code]
}

/** Codes that are not about the request itself, but about the caller, the time or the server. */
const OWN_STATUS = new Set<unknown>(['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL'])

/**
 * Sets headers for every response; a page adds its own Content-Security-Policy.
 * @param isHttps whether people use https: browsers then refuse http for a year.
 */
export function setSecurityHeaders(res: ServerResponse, requestId: string, isHttps: boolean): void {
  if (isHttps) res.setHeader('Strict-Transport-Security', 'max-age=31536000')
  res.setHeader('X-Request-Id', requestId)
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('X-Frame-Options', 'DENY')
  // Not no-referrer: with it, browsers send `Origin: null` with some POST requests of our own pages.
  res.setHeader('Referrer-Policy', 'same-origin')
  res.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  res.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  res.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
}

export function sendBody(res: ServerResponse, status: number, contentType: string, body: string | Buffer): void {
  if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'no-store')
  res.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) })
  // Node itself leaves out the body of a response to HEAD.
  res.end(body)
}

/** Sends one sentence for a person. */
export function sendText(res: ServerResponse, status: number, text: string): void {
  sendBody(res, status, 'text/plain; charset=utf-8', `${text}\n`)
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  sendBody(res, status, 'application/json; charset=utf-8', JSON.stringify(value))
}

/** Sends an error in GraphQL's shape, which callers of this server expect on every path. */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  error: {
    code: PublicCode
    message: string
    requestId?: string
    status?: number
    details?: RefusalDetails
  },
): void {
  const { code, message, requestId, status = STATUS[code], details = {} } = error
  const { json: type = 'application/json' } = acceptedBy(req.headers.accept)
  const extensions = { code, ...details, ...(requestId !== undefined && { requestId }) }
  const { retryAfterSeconds = 1 } = details
  sendGraphQL(res, { status, type, retryAfterSeconds }, JSON.stringify({ errors: [{ message, extensions }] }))
}

/** Answers a program that has a wrong address. */
export function sendNotFound(req: IncomingMessage, res: ServerResponse): void {
  const message = `There is nothing at ${pathOf(req)}. GraphQL is at /graphql.`
  sendError(req, res, { code: 'NOT_FOUND', message })
}

/**
 * The status of the answer to an operation. Its errors decide it if it has no data: those of the document when it was
 * not executed, and those that are not about the request also when the execution led to `data: null`.
 */
export function statusOfAnswer({ data, errors }: AnswerBody, type: JsonType): number {
  const codes = data === 'object' ? [] : errors.map(({ extensions }) => extensions?.['code'])
  const statuses = codes.filter((code) => data === 'absent' || OWN_STATUS.has(code)).map((code) => statusOf(code, type))
  return Math.max(200, ...statuses)
}

function statusOf(code: unknown, type: JsonType): number {
  if (OWN_STATUS.has(code)) return STATUS[code as PublicCode]
  return type === 'application/json' ? 200 : STATUS.BAD_REQUEST
}

export function sendGraphQL(
  res: ServerResponse,
  { status, type, retryAfterSeconds }: { status: number; type: JsonType; retryAfterSeconds: number },
  body: string | Buffer,
): void {
  if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer realm="gaugeline"')
  if (status === 429 || status === 503) res.setHeader('Retry-After', String(retryAfterSeconds))
  sendBody(res, status, `${type}; charset=utf-8`, body)
}

/** Answers an upgrade with plain HTTP and closes the connection. */
export function refuseUpgrade(socket: Duplex, status: number, message: string): void {
  const body = `${message}\n`
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  // Without this, a peer that keeps its side open would keep the connection open for ever.
  socket.once('finish', () => socket.destroy())
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
