import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

/** Answers every lookup with the addresses that were checked: no second lookup can return others (DNS rebinding). */
export function pinnedTo(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses
    if (all === true) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}

/** The name that TLS asks for. It takes none for an address; URLs write IPv6 addresses in brackets. */
export function serverNameOf({ hostname }: URL): { servername?: string } {
  return isIP(hostname) === 0 && !hostname.startsWith('[') ? { servername: hostname } : {}
}
