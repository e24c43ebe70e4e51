import { createHash } from 'node:crypto'

/**
 * The key of a series: the same for the same series of the same source, short, because it is stored with every baseline.
 * `group` and `rule`: the figure and how it is read, such as `requests.0` by its rule `1`. Of a group only the series of
 * one rule count.
 * @param identity whatever tells the series from all others of that rule: its family and labels
 */
export function seriesKey(group: string, rule: number, identity: string): string {
  return `${group}.${rule}:${createHash('sha256').update(identity).digest('base64url').slice(0, 16)}`
}

export function groupOfKey(key: string): { group: string; rule: string } {
  const prefix = key.slice(0, key.indexOf(':'))
  const at = prefix.lastIndexOf('.')
  return { group: prefix.slice(0, at), rule: prefix.slice(at + 1) }
}
