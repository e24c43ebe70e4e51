import type { LookupAddress } from 'node:dns'
import { type ClientRequest, request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { deferred } from '../../../base/deferred.ts'
import { VERSION } from '../../../base/version.ts'
import { pinnedTo, serverNameOf } from '../../../outbound/pinned-lookup.ts'
import type { CheckedConnection, ScrapeConnections } from './scrape-connections.ts'

export interface ScrapeRequest {
  url: URL
  /** The only addresses to connect to. */
  addresses: readonly LookupAddress[]
  authorization: string | null
  timeoutMs: number
  connections: ScrapeConnections | undefined
  signal: AbortSignal
}

/** OpenMetrics before the text format before anything else. */
const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

/**
 * Sends one GET, and resolves once the headers of the answer are there; its body is still to be read. Follows no redirect.
 * Rejects with the error of the connection, and when `signal` aborts.
 */
export async function ask(request: ScrapeRequest): Promise<IncomingMessage> {
  const first = send(request)
  try {
    return await first.response
  } catch (error) {
    // The server closed a kept connection when it was about to be used again.
    if (!first.outgoing.reusedSocket || request.signal.aborted) throw error
    return send({ ...request, connections: undefined }).response
  }
}

function send({ url, addresses, authorization, timeoutMs, connections, signal }: ScrapeRequest): {
  outgoing: ClientRequest
  response: Promise<IncomingMessage>
} {
  const { promise, resolve, reject } = deferred<IncomingMessage>()
  const options: RequestOptions & { servername?: string } & CheckedConnection = {
    agent: connections?.agentFor(url) ?? false,
    lookup: pinnedTo(addresses),
    checkedAddresses: addresses
      .map(({ address }) => address)
      .toSorted()
      .join(','),
    // Not what the URL may hold.
    auth: null,
    headers: {
      accept: ACCEPT,
      'accept-encoding': 'gzip',
      'user-agent': `Gaugeline/${VERSION}`,
      'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
      ...(authorization === null ? {} : { authorization }),
    },
    signal,
    ...serverNameOf(url),
  }
  const outgoing = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options)
  outgoing.once('response', resolve)
  // `on`, not `once`: a connection may fail more than once, also after the response.
  outgoing.on('error', reject)
  outgoing.once('close', () => reject(new Error('The connection ended without a response.')))
  outgoing.end()
  return { outgoing, response: promise }
}
