/** A smaller body is one packet either way. */
export const MIN_PACKED_BYTES = 1024

/**
 * Chooses the coding of a body from an `Accept-Encoding` header (RFC 9110, section 12.5.3): the one with the highest
 * weight. Without a header, a body is sent as it is: who decodes, says so.
 * @param codings that the body can have, the preferred one first
 * @param bytes of the body; a small one is sent as it is wherever it may
 */
export function codingFor<Coding extends string>(
  header: string | undefined,
  codings: readonly Coding[],
  bytes: number,
): Coding | 'identity' {
  if (header === undefined) return 'identity'
  const weights = weightsOf(header)
  const others = weights.get('*')
  // Allowed unless it is excluded; after what the client names, but for what it names as unwanted.
  const identity = weights.get('identity') ?? others ?? Math.min(1, ...[...weights.values()].filter((q) => q > 0))
  if (bytes < MIN_PACKED_BYTES && identity > 0) return 'identity'
  let best: Coding | 'identity' = 'identity'
  let highest = 0
  for (const coding of codings) {
    const weight = weights.get(coding) ?? others ?? 0
    if (weight > highest) [best, highest] = [coding, weight]
  }
  return highest >= identity ? best : 'identity'
}

/** By coding, from 0 (never) to 1. */
function weightsOf(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const entry of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim())
    if (name === '') continue
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2))
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight >= 0 ? Math.min(1, weight) : 0)
  }
  return weights
}
