import type { ExposedFamilies } from '../recording/sources/exposed-series.ts'

export const MAX_SHOWN_LABELS = 20
export const MAX_LABEL_VALUES = 50

export interface ExposedLabel {
  name: string
  values: readonly string[]
  /** It is one of those by which the server tells its models apart. */
  tellsModelsApart: boolean
}

/**
 * The labels of these families that have several values, and those that tell models apart, whatever they have; the latter
 * come first, in the order in which the server names them.
 */
export function labelsToChooseFrom(
  exposed: ExposedFamilies,
  families: ReadonlySet<string>,
  modelLabels: readonly string[],
): ExposedLabel[] {
  const values = new Map<string, Set<string>>()
  for (const family of families) {
    for (const { labels } of exposed.of(family) ?? []) {
      for (const [name, value] of Object.entries(labels)) {
        const known = values.get(name)
        if (known === undefined) values.set(name, new Set([value]))
        else known.add(value)
      }
    }
  }
  const place = (name: string) => (modelLabels.includes(name) ? modelLabels.indexOf(name) : modelLabels.length)
  return [...values]
    .filter(([name, { size }]) => size > 1 || modelLabels.includes(name))
    .toSorted(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .slice(0, MAX_SHOWN_LABELS)
    .map(([name, of]) => ({
      name,
      values: [...of].toSorted().slice(0, MAX_LABEL_VALUES),
      tellsModelsApart: modelLabels.includes(name),
    }))
}
