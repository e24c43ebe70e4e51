import type { Family } from '../recording/sources/scraping/exposition.ts'
import type { ExposedLabel } from './scrape-check.ts'

export const MAX_SHOWN_LABELS = 20
export const MAX_LABEL_VALUES = 50

/** Parts of a metric, and no property of what is measured. */
const NOT_TO_CHOOSE = new Set(['le', 'quantile'])

/**
 * The labels of these families that have several values, and those that tell models apart, whatever they have; the latter
 * come first.
 */
export function labelsToChooseFrom(families: readonly Family[], modelLabels: readonly string[]): ExposedLabel[] {
  const values = new Map<string, Set<string>>()
  for (const { samples } of families) {
    for (const { labels } of samples) {
      for (const [name, value] of Object.entries(labels)) {
        const known = values.get(name)
        if (known === undefined) values.set(name, new Set([value]))
        else if (known.size <= MAX_LABEL_VALUES) known.add(value)
      }
    }
  }
  return [...values]
    .map(([name, { size }]) => ({ name, size, tellsModelsApart: modelLabels.includes(name) }))
    .filter(({ name, size, tellsModelsApart }) => !NOT_TO_CHOOSE.has(name) && (size > 1 || tellsModelsApart))
    .toSorted((a, b) => Number(b.tellsModelsApart) - Number(a.tellsModelsApart) || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_SHOWN_LABELS)
    .map(({ name, tellsModelsApart }) => ({
      name,
      values: [...(values.get(name) ?? [])].toSorted().slice(0, MAX_LABEL_VALUES),
      tellsModelsApart,
    }))
}
