import { isIP } from 'node:net'
import type { InputChecks } from '../base/input-checks.ts'
import { allowedHosts, isPublicAddress } from '../outbound/public-addresses.ts'

export const MAX_SCRAPE_URL = 2000

/** Which hosts may be scraped, as far as it is known without asking a name server. */
export interface TargetHosts {
  hasName(host: string): boolean
  /** Whether an IP address is public, or was allowed. */
  mayReach(address: string): boolean
}

/** @param entries of the setting SCRAPE_ALLOWED_HOSTS */
export function targetHosts(entries: readonly string[]): TargetHosts {
  const allowed = allowedHosts(entries)
  return {
    hasName: (host) => allowed.hasName(host),
    mayReach: (address) => allowed.hasAddress(address) || isPublicAddress(address),
  }
}

/**
 * The URL in its normal form, in which its host is ASCII. Addresses that may not be reached are refused here; where a
 * name leads is known only when it is scraped, and may change.
 */
export function checkScrapeUrl(checks: InputChecks, path: string[], text: string, hosts: TargetHosts): string {
  const refuse = (message: string) => {
    checks.add(path, message)
    return ''
  }
  if (text.length > MAX_SCRAPE_URL) return refuse(`must have at most ${MAX_SCRAPE_URL} characters, not ${text.length}.`)
  if (!URL.canParse(text)) return refuse('must be a URL like http://vllm-0.internal:8000/metrics.')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('must begin with https:// or http://.')
  if (url.username !== '' || url.password !== '') {
    return refuse('must not contain a user or password: give them as the authorization, which nobody is shown.')
  }
  if (text.includes('#')) return refuse('must not contain a fragment: it would not be sent.')
  if (url.href.length > MAX_SCRAPE_URL) {
    return refuse(`must have at most ${MAX_SCRAPE_URL} characters once it is encoded.`)
  }
  if (isRefused(url, hosts)) {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    return refuse(`must lead to a public address; to allow ${host}, start Gaugeline with SCRAPE_ALLOWED_HOSTS=${host}.`)
  }
  return url.href
}

function isRefused({ hostname }: URL, hosts: TargetHosts): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (hosts.hasName(host)) return false
  // By its standard, this name leads to this machine, whatever a name server says.
  if (/^(.*\.)?localhost\.?$/.test(host)) return !(hosts.mayReach('127.0.0.1') || hosts.mayReach('::1'))
  return isIP(host) !== 0 && !hosts.mayReach(host)
}
