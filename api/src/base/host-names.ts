import { isIP } from 'node:net'

export const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i

/** Digits and dots that are not an address are more likely a typo than a name. */
export function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !/^[\d.]+$/.test(text)
}

/** What the Host header of a request may be: a name or an address, with or without a port; or a domain. */
export function isHost(text: string): boolean {
  const [, name = ''] = /^(\[[\da-f:.]+\]|[^:]+)(:\d{1,5})?$/i.exec(text) ?? []
  return (
    isIP(name) === 4 || (name.startsWith('[') && isIP(name.slice(1, -1)) === 6) || isHostName(name.replace(/^\./, ''))
  )
}

/** An IP address, or a network in CIDR notation. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
}
