import type { IncomingMessage, ServerResponse } from 'node:http'
import { RefusedError } from '../base/errors.ts'
import { MAX_REPORT_BYTES } from '../base/limits.ts'
import { requireScope, type Viewer } from '../base/viewer.ts'
import type { Budgets } from '../engine/budgets.ts'
import type { RequestBytes } from '../engine/request-bytes.ts'
import { RequestError } from '../http/request-error.ts'
import { statusOfRefusal } from '../http/responses.ts'
import { readUnpacked } from '../http/unpacked-body.ts'
import { OTLP_MEDIA_TYPES, type OtlpEncoding, sendExportResponse, sendStatus } from './otlp-answers.ts'

/** Takes metrics in OTLP; see recording/sources/reporting/otlp-receiver.ts. */
export interface OtlpReports {
  /**
   * @param boundTo the only deployment that the caller may report for
   * @param charge called with the number of data points, before they are worked on
   * @throws RefusedError; nothing was taken then
   */
  receive(
    body: Uint8Array,
    encoding: OtlpEncoding,
    boundTo: string | undefined,
    charge: (points: number) => void,
  ): Promise<{ rejected: number; message: string }>
}

interface OtlpRouteOptions {
  reports: OtlpReports
  budgets: Budgets
  requests: RequestBytes
  /** What an error of a service means for a caller; undefined for a bug. */
  refusalOf: (error: unknown) => Error | undefined
}

/** A request costs a point, and so does each of its data points. */
const POINTS_PER_REQUEST = 1

/** OTLP over HTTP. https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export class OtlpRoute {
  readonly #options: OtlpRouteOptions

  constructor(options: OtlpRouteOptions) {
    this.#options = options
  }

  /**
   * Answers a POST on /v1/metrics, in the encoding of the request; errors too.
   * @param authenticate called again when time has passed: the credential may have ended
   * @throws whatever is a bug; nothing has been sent then
   */
  async handle(req: IncomingMessage, res: ServerResponse, authenticate: () => Promise<Viewer>): Promise<void> {
    const encoding = encodingOf(req)
    try {
      if (req.method !== 'POST') {
        res.setHeader('Allow', 'POST')
        throw new RequestError(405, 'Send metrics by POST.')
      }
      if (encoding === undefined) {
        throw new RequestError(415, `Send Content-Type: ${Object.keys(OTLP_MEDIA_TYPES).join(' or ')}.`)
      }
      sendExportResponse(res, encoding, await this.#receive(req, encoding, authenticate))
    } catch (error) {
      this.#refuse(req, res, encoding ?? 'json', error)
    }
  }

  async #receive(
    req: IncomingMessage,
    encoding: OtlpEncoding,
    authenticate: () => Promise<Viewer>,
  ): Promise<{ rejected: number; message: string }> {
    const { reports, budgets, requests } = this.#options
    const caller = async () => {
      // A browser's cookie is no credential here: only programs report.
      if (req.headers.authorization === undefined) {
        throw new RefusedError(
          'UNAUTHENTICATED',
          'Send a token with the scope REPORT as "Authorization: Bearer <token>".',
        )
      }
      const viewer = await authenticate()
      requireScope(viewer, 'REPORT')
      return viewer
    }
    const { key } = await caller()
    let bytes = 0
    const hold = (more: number) => {
      requests.hold(key, more)
      bytes += more
    }
    try {
      const body = await readUnpacked(req, MAX_REPORT_BYTES, hold)
      const viewer = await caller()
      return await reports.receive(body, encoding, viewer.deploymentId, (points) =>
        budgets.spend('operations', viewer, points + POINTS_PER_REQUEST),
      )
    } finally {
      requests.release(key, bytes)
    }
  }

  #refuse(req: IncomingMessage, res: ServerResponse, encoding: OtlpEncoding, given: unknown): void {
    // A caller who disconnects while sending is nobody's fault.
    if (req.destroyed && !req.complete) throw given
    const error = this.#options.refusalOf(given) ?? given
    if (error instanceof RequestError) return sendStatus(res, encoding, error.status, error.message)
    if (!(error instanceof RefusedError)) throw given
    const status = statusOfRefusal(error.code)
    if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer realm="gaugeline"')
    if (status === 429 || status === 503) res.setHeader('Retry-After', String(error.details.retryAfterSeconds ?? 1))
    sendStatus(res, encoding, status, error.message)
  }
}

function encodingOf(req: IncomingMessage): OtlpEncoding | undefined {
  const [mediaType = ''] = (req.headers['content-type'] ?? '').toLowerCase().split(';')
  return OTLP_MEDIA_TYPES[mediaType.trim()]
}
