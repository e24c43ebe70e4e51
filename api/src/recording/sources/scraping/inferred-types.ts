import type { DraftFamily } from './draft-family.ts'

const BUCKET = '_bucket'
const TOTAL = '_total'

/**
 * Gives families without a TYPE line the one that the names and labels of their samples tell, and counters the name that
 * OpenMetrics gives them. What belongs to one histogram or summary, and was read as several families, becomes one.
 */
export function withInferredTypes(families: readonly DraftFamily[]): DraftFamily[] {
  const untyped = new Map(families.filter(({ type }) => type === null).map((family) => [family.name, family]))
  const merged = new Set<DraftFamily>()
  for (const family of untyped.values()) {
    if (merged.has(family)) continue
    if (family.name.endsWith(BUCKET) && has(family, 'le')) {
      const name = family.name.slice(0, -BUCKET.length)
      become(family, name, 'histogram')
    } else if (has(family, 'le') && (untyped.has(`${family.name}_count`) || untyped.has(`${family.name}_sum`))) {
      // Triton's documentation shows buckets without their suffix.
      family.samples = family.samples.map((sample) => ({ ...sample, name: family.name + BUCKET }))
      become(family, family.name, 'histogram')
    } else if (has(family, 'quantile')) become(family, family.name, 'summary')
    else if (family.name.endsWith(TOTAL)) family.type = 'counter'
  }

  function become(family: DraftFamily, name: string, type: 'histogram' | 'summary'): void {
    family.name = name
    family.type = type
    for (const suffix of ['_sum', '_count', '']) {
      const part = untyped.get(name + suffix)
      if (part === undefined || part === family || merged.has(part) || part.type !== null) continue
      merged.add(part)
      family.samples.push(...part.samples)
      family.help ??= part.help
    }
  }

  const rest = families.filter((family) => !merged.has(family))
  const names = new Set(rest.map(({ name }) => name))
  for (const family of rest) {
    if (family.type !== 'counter' || !family.name.endsWith(TOTAL)) continue
    const name = family.name.slice(0, -TOTAL.length)
    // Another metric may have that name: then each keeps its own.
    if (name === '' || names.has(name)) continue
    names.add(name)
    family.name = name
  }
  return rest
}

function has({ samples }: DraftFamily, label: string): boolean {
  return samples[0]?.labels[label] !== undefined
}
