import type { IncomingMessage } from 'node:http'
import { type AddressGuard, AddressRefusedError } from '../../../outbound/address-guard.ts'
import { ExpositionError, ExpositionTooLargeError, ExpositionTruncatedError, type Family } from './exposition.ts'
import { formatOf, readTolerantly } from './parse-exposition.ts'
import { inTurns } from './slices.ts'
import { endsWithConnection, readBody, truncated } from './scrape-body.ts'
import type { ScrapeConnections } from './scrape-connections.ts'
import { notAllowed, ScrapeFailedError, shown, timedOut, unreachable } from './scrape-failure.ts'
import { ask } from './scrape-request.ts'

const MAX_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const USUAL = 'metrics are usually at /metrics'

export interface ScrapeTarget {
  url: URL
  /** The value of the Authorization header. */
  authorization: string | null
  /** For resolving, connecting, waiting and reading together. */
  timeoutMs: number
  /** Which families are read, by their names without suffixes; default: all. What is not wanted is only counted. */
  wanted?: (familyName: string) => boolean
  /** Connections that outlive one scrape, shared by targets; default: one that is closed after it. */
  connections?: ScrapeConnections
}

export interface Scraped {
  families: Family[]
  /** How many samples the answer has, wanted or not. */
  series: number
  /** From the beginning, with resolving and parsing. */
  durationMs: number
  /** Of the unpacked body. */
  bytes: number
}

/**
 * Asks a model server for its metrics once.
 * @throws ScrapeFailedError, or the reason of `signal` once it aborts
 */
export async function scrape(target: ScrapeTarget, guard: AddressGuard, signal: AbortSignal): Promise<Scraped> {
  signal.throwIfAborted()
  const startedMs = performance.now()
  // Not AbortSignal.any: `signal` lives as long as the server, and would hold on to each signal made of it.
  const ending = new AbortController()
  const stop = () => ending.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(() => ending.abort(), target.timeoutMs)
  const attempt = new Attempt(target, guard, ending.signal)
  try {
    const { families, samples, bytes } = await attempt.run()
    return { families, series: samples, durationMs: performance.now() - startedMs, bytes }
  } catch (error) {
    signal.throwIfAborted()
    if (ending.signal.aborted) throw timedOut(attempt.host, target.timeoutMs, attempt.hasBegun)
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

class Attempt {
  readonly #target: ScrapeTarget
  readonly #guard: AddressGuard
  readonly #signal: AbortSignal
  readonly host: string
  /** Whether an answer is on its way. */
  hasBegun = false

  constructor(target: ScrapeTarget, guard: AddressGuard, signal: AbortSignal) {
    this.#target = target
    this.#guard = guard
    this.#signal = signal
    this.host = shown(target.url.host)
  }

  async run() {
    const response = await this.#answer()
    const format = this.#formatOf(response)
    const { text, bytes } = await readBody(response, this.host)
    // The text format has no last line of its own.
    if (format === 'text' && endsWithConnection(response) && text !== '' && !text.endsWith('\n')) {
      throw truncated(this.host)
    }
    try {
      return { ...(await inTurns(readTolerantly(text, format, this.#target.wanted), this.#signal)), bytes }
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error
      if (error instanceof ExpositionTruncatedError) throw truncated(this.host)
      const isTooLarge = error instanceof ExpositionTooLargeError
      throw new ScrapeFailedError(
        isTooLarge ? 'TOO_LARGE' : 'NOT_METRICS',
        `The answer of ${this.host} can't be read as metrics. ${error.message}`,
      )
    }
  }

  /** An answer with status 200. */
  async #answer(): Promise<IncomingMessage> {
    const { authorization, timeoutMs, connections } = this.#target
    const signal = this.#signal
    let { url } = this.#target
    const addresses = await this.#addresses()
    for (let redirects = 0; ; redirects += 1) {
      const request = { url, addresses, authorization, timeoutMs, connections, signal }
      const response = await ask(request).catch((error: unknown) => {
        connections?.forget(url)
        throw signal.aborted ? error : unreachable(this.host, error)
      })
      if (response.statusCode === 200) {
        this.hasBegun = true
        return response
      }
      response.destroy()
      const next = this.#redirect(url, response)
      if (next === null) throw this.#refusal(url, response)
      if (redirects === MAX_REDIRECTS) {
        throw new ScrapeFailedError(
          'REDIRECTED',
          `${this.host} redirects more than ${MAX_REDIRECTS} times: name the path where its metrics are.`,
        )
      }
      url = next
    }
  }

  async #addresses() {
    const { url, connections } = this.#target
    try {
      if (connections === undefined) return await this.#guard.addressesOf(url, this.#signal)
      return await connections.addressesOf(url, this.#guard, this.#signal)
    } catch (error) {
      throw error instanceof AddressRefusedError ? notAllowed(url) : error
    }
  }

  /** Where it redirects to; null when it does not. */
  #redirect(from: URL, { statusCode = 0, headers: { location } }: IncomingMessage): URL | null {
    if (!REDIRECTS.has(statusCode) || location === undefined || !URL.canParse(location, from.href)) return null
    const to = new URL(location, from.href)
    if (to.origin === from.origin) return to
    throw new ScrapeFailedError(
      'REDIRECTED',
      `${this.host} redirects to ${shown(`${to.protocol}//${to.host}`)}, which is not followed: name the address where the ` +
        'metrics are.',
    )
  }

  #refusal({ pathname }: URL, { statusCode = 0 }: IncomingMessage): ScrapeFailedError {
    if (statusCode === 401 || statusCode === 403) {
      return new ScrapeFailedError(
        'UNAUTHORIZED',
        this.#target.authorization === null
          ? `${this.host} answered ${statusCode}: it wants an authorization, and there is none.`
          : `${this.host} answered ${statusCode}: it does not accept the authorization that it was given.`,
      )
    }
    const why =
      statusCode === 404
        ? `it has nothing at ${shown(pathname)}${pathname === '/metrics' ? '' : `; ${USUAL}`}`
        : statusCode >= 500
          ? 'the server has a problem, or is not ready yet'
          : 'metrics come with the status 200'
    return new ScrapeFailedError('STATUS', `${this.host} answered ${statusCode}: ${why}.`)
  }

  #formatOf(response: IncomingMessage) {
    const type = response.headers['content-type']
    const format = formatOf(type)
    if (format !== null) return format
    response.destroy()
    const mediaType = shown(type?.split(';', 1)[0]?.trim() ?? '')
    const what = mediaType === 'text/html' ? `a web page (${mediaType})` : `something else than metrics (${mediaType})`
    throw new ScrapeFailedError('NOT_METRICS', `${this.host} answered with ${what}: ${USUAL}.`)
  }
}
