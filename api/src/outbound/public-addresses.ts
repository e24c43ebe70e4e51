import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Azure's host agent: its address lies in a public range. */
const HOST_AGENT = '168.63.129.16'
/**
 * Addresses that are routed on the internet begin with 001: all other IPv6 addresses are local, reserved or translate
 * IPv4.
 */
const IPV6_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Whether an IP address leads to the public internet: not to this machine, a private, shared, link-local, multicast or
 * reserved network, nor to an IPv4 address wrapped in IPv6 (mapped, 6to4, Teredo, NAT64) that could be one of those.
 */
export function isPublicAddress(address: string): boolean {
  // The library would take `8.8.8` as well.
  if (isIP(address) === 0) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv6 ? parsed.match(IPV6_UNICAST) : parsed.toString() !== HOST_AGENT
}

/** The hosts an operator allows us to reach besides public addresses. */
export interface AllowedHosts {
  /** Whether the host itself is listed: then all its addresses are allowed. */
  hasName(host: string): boolean
  hasAddress(address: string): boolean
}

/** @param entries host names, IP addresses and networks like 10.0.0.0/8, as `readEnv` has checked them */
export function allowedHosts(entries: readonly string[]): AllowedHosts {
  const networks = entries.flatMap((entry) => {
    if (ipaddr.isValidCIDR(entry)) return [ipaddr.parseCIDR(entry)]
    if (isIP(entry) === 0) return []
    const address = ipaddr.parse(entry)
    return [[address, address.kind() === 'ipv4' ? 32 : 128] as [typeof address, number]]
  })
  const names = new Set(entries.map((entry) => entry.toLowerCase()))
  return {
    hasName: (host) => names.has(host),
    hasAddress: (address) => {
      if (isIP(address) === 0) return false
      const parsed = ipaddr.parse(address)
      return networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
    },
  }
}
