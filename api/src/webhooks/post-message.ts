import type { LookupAddress } from 'node:dns'
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { deferred } from '../base/deferred.ts'
import { pinnedTo, serverNameOf } from '../outbound/pinned-lookup.ts'

/** Read from a response's body, so that the receiver's write does not fail; nothing of it is kept. */
const MAX_RESPONSE_BYTES = 16_384
/** The headers decide the outcome: a slow body is cut off. */
const RESPONSE_BODY_MS = 1000

export interface Post {
  url: URL
  /** The only addresses to connect to. */
  addresses: readonly LookupAddress[]
  headers: Record<string, string>
  body: string
  signal: AbortSignal
}

/**
 * Posts once, over a new connection, and returns the status of the response. Does not follow redirects. Rejects when
 * there is no response before `signal` aborts.
 */
export async function post({ url, addresses, headers, body, signal }: Post): Promise<number> {
  const { promise, resolve, reject } = deferred<IncomingMessage>()
  const options: RequestOptions & { servername?: string } = {
    method: 'POST',
    // Not the shared agent, which keeps connections alive: an address is checked for one attempt only.
    agent: false,
    lookup: pinnedTo(addresses),
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    signal,
    ...serverNameOf(url),
  }
  const outgoing = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options)
  outgoing.once('response', resolve)
  // `on`, not `once`: a connection may fail more than once, also after the response.
  outgoing.on('error', reject)
  outgoing.once('close', () => reject(new Error('The connection ended without a response.')))
  outgoing.end(body)
  const response = await promise
  await drained(response)
  outgoing.destroy()
  return response.statusCode ?? 0
}

/** Resolves when the body has ended, exceeds its size or takes too long. */
async function drained(response: IncomingMessage): Promise<void> {
  const { promise, resolve } = deferred()
  const timer = setTimeout(resolve, RESPONSE_BODY_MS)
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_RESPONSE_BYTES) resolve()
  })
  response.once('close', resolve)
  response.on('error', () => resolve())
  await promise
  clearTimeout(timer)
}
