import { type ExposedFamilies, type ExposedSeries, identityOf } from './exposed-series.ts'
import type { FamilyRule } from './model-servers/mapping.ts'

type Labels = Readonly<Record<string, string>>

/**
 * The series that a rule reads from an exposition, those of `labels` alone. Null when its family is not there: it has no
 * series, or none with the labels that it is chosen by. A family that is there may have no series of ours yet, as when
 * nothing failed so far: then it has counted 0. `all` are those of the family.
 */
export function readRule(
  exposed: ExposedFamilies,
  rule: FamilyRule,
  labels: Labels,
): { all: readonly ExposedSeries[]; series: readonly ExposedSeries[] } | null {
  const all = exposed.of(rule.family)
  const names = [...Object.keys(labels), ...Object.keys(rule.where ?? {})]
  if (!all?.some((series) => names.every((name) => Object.hasOwn(series.labels, name)))) return null
  const own = all.filter((series) => matches(series.labels, labels) && isOfRule(series.labels, rule))
  return { all, series: rule.repeatedBy ? withoutRepeated(own, rule.repeatedBy) : own }
}

export function matches(labels: Labels, wanted: Labels): boolean {
  for (const name in wanted) if ((labels[name] ?? '') !== wanted[name]) return false
  return true
}

/** Whether a series with these labels is one of those that a rule is for. */
function isOfRule(labels: Labels, { where = {}, whereNot = {} }: Pick<FamilyRule, 'where' | 'whereNot'>): boolean {
  const hasOne = ([name, values]: [string, readonly string[]]) =>
    values.some((value) => isLike(labels[name] ?? '', value))
  return Object.entries(where).every(hasOne) && !Object.entries(whereNot).some(hasOne)
}

function isLike(value: string, pattern: string): boolean {
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern
}

/** Of series that differ in `repeatedBy` alone, the one with the lowest values; without any is lowest. */
function withoutRepeated(series: readonly ExposedSeries[], repeatedBy: readonly string[]): readonly ExposedSeries[] {
  const kept = new Map<string, ExposedSeries>()
  for (const one of series) {
    const others = Object.fromEntries(Object.entries(one.labels).filter(([name]) => !repeatedBy.includes(name)))
    const identity = identityOf(others)
    const other = kept.get(identity)
    if (other === undefined || isLower(one.labels, other.labels, repeatedBy)) kept.set(identity, one)
  }
  return [...kept.values()]
}

function isLower(a: Labels, b: Labels, names: readonly string[]): boolean {
  for (const name of names) {
    const difference = Number(a[name] ?? -1) - Number(b[name] ?? -1)
    if (difference !== 0) return difference < 0
  }
  return false
}
