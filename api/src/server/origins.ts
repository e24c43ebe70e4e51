import type { IncomingHttpHeaders } from 'node:http'
import { isIPv6 } from 'node:net'

export interface OriginPolicyOptions {
  /** Where the server listens. */
  host: string
  port: number
  /** The origin that people and links use, if it differs from the address. */
  publicUrl?: string | undefined
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

// Orchestrators probe a container by whatever address it has. These two paths reveal nothing worth a DNS rebinding
// attack.
const ANY_HOST_PATHS = new Set(['/healthz', '/readyz'])

export function createOriginPolicy({ host, port, publicUrl, allowedOrigins }: OriginPolicyOptions): OriginPolicy {
  const localOrigin = originAt(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port)
  const publicOrigin = publicUrl ?? localOrigin
  const publicHosts = new Set(hostHeadersOf(publicOrigin))
  const hosts = new Set([
    ...publicHosts,
    ...hostHeadersOf(localOrigin),
    ...hostHeadersOf(originAt('127.0.0.1', port)),
    ...hostHeadersOf(originAt('::1', port)),
  ])
  const localhosts = new Set(hostHeadersOf(originAt('localhost', port)))
  const allowed = new Set(allowedOrigins)

  function isOwn(origin: string, hostHeader: string): boolean {
    // Behind a proxy that rewrites Host, a browser's own page still names the public origin.
    if (origin === publicOrigin) return true
    return !(publicUrl !== undefined && publicHosts.has(hostHeader)) && origin === `http://${hostHeader}`
  }

  function checkHost(request: OriginRequest): Verdict | undefined {
    const hostHeader = request.headers.host?.toLowerCase() ?? ''
    if (hosts.has(hostHeader) || ANY_HOST_PATHS.has(request.url ?? '')) return undefined
    const isLocalhost = localhosts.has(hostHeader)
    // Browsers separate cookies and storage by host: with one name for all, nobody is signed in on one and out on
    // another.
    if (isLocalhost && isNavigation(request)) return { kind: 'redirect', location: localOrigin + (request.url ?? '/') }
    const remedy = isLocalhost ? 'Use that address.' : 'Set PUBLIC_URL to serve it under another name.'
    return { kind: 'refuse', status: 421, message: `This server answers to ${publicOrigin}. ${remedy}` }
  }

  function checkOrigin(request: OriginRequest): Verdict {
    const { origin, host: hostHeader } = request.headers
    const isForeign = origin !== undefined && !isOwn(origin, hostHeader?.toLowerCase() ?? '')
    if (isForeign && allowed.has(origin)) return { kind: 'pass', corsOrigin: origin }
    if (isForeign) {
      return {
        kind: 'refuse',
        status: 403,
        message: 'This origin may not call this server. Name it in ALLOWED_ORIGINS to let it.',
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
