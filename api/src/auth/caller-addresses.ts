import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface CallerAddress {
  /** The IP address at the other end of the connection. */
  address?: string | undefined
  /** The `X-Forwarded-For` headers, joined by commas. */
  forwardedFor?: string | undefined
}

/** How Node writes the IPv4 address of a caller of a socket that listens for both kinds. */
const IPV4_IN_IPV6 = '::ffff:'

type Network = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]

/**
 * Finds out who calls, behind proxies. Each of them appends the address that called it to `X-Forwarded-For`. So the
 * header is read from its end, for as long as what was read last is a trusted proxy: anything before that was sent by
 * the caller and proves nothing.
 */
export class CallerAddresses {
  readonly #networks: readonly Network[]
  readonly #isProxied: boolean

  /**
   * @param trustedProxies IP addresses and networks like 10.0.0.0/8, as `readEnv` has checked them
   * @param isProxied where none are named: whoever connects is a proxy, and the only one
   */
  constructor(trustedProxies: readonly string[], isProxied: boolean) {
    this.#networks = trustedProxies.map(networkOf)
    this.#isProxied = isProxied && trustedProxies.length === 0
  }

  /**
   * The address to count a caller by, IPv4 also where the connection names it in IPv6. Where a proxy reports something
   * that is not an address, it is that of the proxy.
   */
  of({ address = '', forwardedFor = '' }: CallerAddress): string {
    let caller = plain(address) ?? address
    const reported = forwardedFor.split(',')
    if (this.#isProxied) return addressIn(reported.at(-1)) ?? caller
    for (const hop of reported.toReversed()) {
      if (!this.#isTrusted(caller)) break
      const next = addressIn(hop)
      if (next === undefined) break
      caller = next
    }
    return caller
  }

  #isTrusted(address: string): boolean {
    if (this.#networks.length === 0 || isIP(address) === 0) return false
    const parsed = ipaddr.parse(address)
    return this.#networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
  }
}

function networkOf(entry: string): Network {
  if (entry.includes('/')) return ipaddr.parseCIDR(entry)
  const address = ipaddr.process(entry)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** What one proxy reports; some add the port. */
function addressIn(hop = ''): string | undefined {
  const text = hop.trim()
  const [, bracketed, withPort] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? []
  return plain(bracketed ?? withPort ?? text)
}

/** Without the zone, which only the other machine knows, and in one spelling. */
function plain(address: string): string | undefined {
  // IPv4 has one spelling already, also where a socket for both kinds puts this in front of it.
  const inIPv6 = address.startsWith(IPV4_IN_IPV6) ? address.slice(IPV4_IN_IPV6.length) : address
  if (isIPv4(inIPv6)) return inIPv6
  const [text = ''] = address.split('%', 1)
  return isIP(text) === 0 ? undefined : ipaddr.process(text).toString()
}
