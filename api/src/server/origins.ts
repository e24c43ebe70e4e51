import type { IncomingHttpHeaders } from 'node:http'
import { isIPv6 } from 'node:net'
import { pathOf } from '../http/path.ts'

export interface OriginPolicyOptions {
  /** Where the server listens. */
  host: string
  port: number
  /** The origin that people and links use, if it differs from the address. */
  publicUrl?: string | undefined
  /** Further hosts: a name stands for every port, `name:port` for one, and `.domain` for every name in that domain. */
  allowedHosts: readonly string[]
  allowedOrigins: readonly string[]
}

/** The parts of a request that the policy reads. */
interface OriginRequest {
  method?: string | undefined
  url?: string | undefined
  headers: IncomingHttpHeaders
  rawHeaders: readonly string[]
}

export type Verdict =
  /** `corsOrigin`: the foreign origin that may read the response. */
  | { kind: 'pass'; corsOrigin?: string }
  | { kind: 'redirect'; location: string }
  | { kind: 'refuse'; status: 400 | 403 | 421; message: string }

/** Decides by Host, Origin and Sec-Fetch-Site which requests are answered: HTTP and WebSocket upgrades alike. */
export interface OriginPolicy {
  /** The origin of the address the server listens on, as a person would open it: `http://127.0.0.1:4000`. */
  localOrigin: string
  /** The origin for links: `PUBLIC_URL`, or else the local one. */
  publicOrigin: string
  check(request: OriginRequest): Verdict
}

/**
 * Orchestrators probe a container, and Prometheus scrapes it, by whatever address it has. That reveals nothing to a DNS
 * rebinding attack: the probes are public, and for metrics a page would need a token, since its name gets no cookie of
 * ours. Nor can a page of another origin read the answers, which allow no CORS.
 */
const ANY_CALLER_PATHS = new Set(['/healthz', '/readyz', '/metrics', '/metrics/deployments'])

/** No name server is asked for these, so DNS rebinding cannot make a browser send them. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** The name and the port of a Host header. */
const HOST_HEADER = /^(\[[\da-f:.]+\]|[^\s:@/\\?#[\]]+)(:\d{1,5})?$/

export function createOriginPolicy(options: OriginPolicyOptions): OriginPolicy {
  const { host, port, publicUrl, allowedHosts, allowedOrigins } = options
  const localOrigin = originAt(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port)
  const publicOrigin = publicUrl ?? localOrigin
  const publicHosts = new Set(hostHeadersOf(publicOrigin))
  const canonicalHosts = new Set([new URL(publicOrigin).hostname, new URL(localOrigin).hostname, ...allowedHosts])
  const ownHosts = new Set([...canonicalHosts, ...LOOPBACK_NAMES])
  const ownDomains = allowedHosts.filter((entry) => entry.startsWith('.'))
  const localhosts = new Set(hostHeadersOf(originAt('localhost', port)))
  const allowed = new Set(allowedOrigins)

  function isOwnHost(hostHeader: string): boolean {
    const name = HOST_HEADER.exec(hostHeader)?.[1]
    if (name === undefined) return false
    return ownHosts.has(name) || ownHosts.has(hostHeader) || ownDomains.some((domain) => name.endsWith(domain))
  }

  function isOwnOrigin(origin: string, hostHeader: string): boolean {
    // Behind a proxy that rewrites Host, a browser's own page still names the public origin.
    if (origin === publicOrigin) return true
    // Where a proxy has left out the port, a page of another server on that host would look like our own.
    const namesPort = port === 80 || /:\d+$/.test(hostHeader)
    return namesPort && !(publicUrl !== undefined && publicHosts.has(hostHeader)) && origin === `http://${hostHeader}`
  }

  function checkHost(request: OriginRequest): Verdict | undefined {
    const hostHeader = request.headers.host?.toLowerCase() ?? ''
    if (!isOwnHost(hostHeader)) {
      const message =
        `This server answers to ${publicOrigin}. To serve it under another name, set PUBLIC_URL to the address that ` +
        'people open, or name the host in ALLOWED_HOSTS.'
      return { kind: 'refuse', status: 421, message }
    }
    // Browsers separate cookies and storage by host: with one name for all, nobody is signed in on one and out on
    // another.
    const isElsewhere = localhosts.has(hostHeader) && !canonicalHosts.has('localhost')
    if (isElsewhere && isNavigation(request)) return { kind: 'redirect', location: localOrigin + (request.url ?? '/') }
    return undefined
  }

  function checkOrigin(request: OriginRequest): Verdict {
    const { origin, host: hostHeader } = request.headers
    const isForeign = origin !== undefined && !isOwnOrigin(origin, hostHeader?.toLowerCase() ?? '')
    if (isForeign && allowed.has(origin)) return { kind: 'pass', corsOrigin: origin }
    if (isForeign) {
      return {
        kind: 'refuse',
        status: 403,
        message:
          'This origin may not call this server. If it is where people open this server, set PUBLIC_URL to it; to let ' +
          'another site call it, name that in ALLOWED_ORIGINS.',
      }
    }
    const site = request.headers['sec-fetch-site']
    if (site === undefined || site === 'same-origin' || site === 'none' || isNavigation(request)) {
      return { kind: 'pass' }
    }
    return { kind: 'refuse', status: 403, message: 'Requests from other sites are refused.' }
  }

  return {
    localOrigin,
    publicOrigin,
    check(request) {
      // Node keeps the first of two Host headers; a proxy in front may use the second.
      const hostCount = request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
      if (hostCount > 1 || !request.url?.startsWith('/')) {
        return { kind: 'refuse', status: 400, message: 'Send one Host header and a path that begins with a slash.' }
      }
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      if (isRead && ANY_CALLER_PATHS.has(pathOf(request))) return { kind: 'pass' }
      return checkHost(request) ?? checkOrigin(request)
    },
  }
}

/** A person opening a page: the only request that other sites may start, since it reads nothing but what is public. */
function isNavigation({ method, headers }: OriginRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const mode = headers['sec-fetch-mode']
  if (mode === undefined) return headers.accept?.includes('text/html') ?? false
  return mode === 'navigate' && (headers['sec-fetch-dest'] ?? 'document') === 'document'
}

function originAt(host: string, port: number): string {
  return new URL(`http://${isIPv6(host) ? `[${host}]` : host}:${port}`).origin
}

/** The Host headers that mean this origin, with and without a default port. */
function hostHeadersOf(origin: string): string[] {
  const { host, hostname, port, protocol } = new URL(origin)
  return port === '' ? [host, `${hostname}:${protocol === 'https:' ? 443 : 80}`] : [host]
}
