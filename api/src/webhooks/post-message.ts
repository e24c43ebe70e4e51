import type { LookupAddress } from 'node:dns'
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { deferred } from '../base/deferred.ts'

/** Of an answer's body, so that the receiver's write does not fail; none of it is kept. */
const MAX_ANSWER_BYTES = 16_384
/** The outcome is known with the headers: a body that dawdles is cut off. */
const ANSWER_BODY_MS = 1000

export interface Post {
  url: URL
  /** Where to connect: these and no others. */
  addresses: readonly LookupAddress[]
  headers: Record<string, string>
  body: string
  signal: AbortSignal
}

/**
 * Posts once, over a connection of its own, and gives the status of the answer. Follows no redirect. Rejects when there is
 * no answer before `signal` aborts.
 */
export async function post({ url, addresses, headers, body, signal }: Post): Promise<number> {
  const { promise, resolve, reject } = deferred<IncomingMessage>()
  const options: RequestOptions & { servername?: string } = {
    method: 'POST',
    // Not the agent that is shared and keeps connections: the address of each was checked for one attempt.
    agent: false,
    lookup: pinned(addresses),
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    signal,
    // An address has no name to ask for; URLs write those of IPv6 in brackets.
    ...(isIP(url.hostname) === 0 && !url.hostname.startsWith('[') ? { servername: url.hostname } : {}),
  }
  const outgoing = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options)
  outgoing.once('response', resolve)
  // For good: a connection may break more than once, also after the answer.
  outgoing.on('error', reject)
  outgoing.once('close', () => reject(new Error('The connection ended without an answer.')))
  outgoing.end(body)
  const answer = await promise
  await drained(answer)
  outgoing.destroy()
  return answer.statusCode ?? 0
}

/** Resolves when a body has ended, was long enough or took long enough. */
async function drained(answer: IncomingMessage): Promise<void> {
  const { promise, resolve } = deferred()
  const timer = setTimeout(resolve, ANSWER_BODY_MS)
  let bytes = 0
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) resolve()
  })
  answer.once('close', resolve)
  answer.on('error', () => resolve())
  await promise
  clearTimeout(timer)
}

/** Answers every lookup with the addresses that were checked. */
function pinned(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses
    if (all === true) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}
