import type { ReportedFigure } from '../../../samples/reported.ts'
import type { FamilyRule, FigureName, ServerMapping } from '../model-servers/mapping.ts'
import type { Attributes } from './otlp.ts'

/** A rule, and where it stands: see ReportedFigure. */
export interface PlacedRule extends Pick<ReportedFigure, 'figure' | 'server' | 'group' | 'place'> {
  rule: FamilyRule
}

/** Which figures a metric tells, by its name: of OpenTelemetry, and of every server whose metrics a collector forwards. */
export class ReportRules {
  readonly #byFamily = new Map<string, PlacedRule[]>()

  /** @param mappings the first counts where several know a figure */
  constructor(mappings: readonly ServerMapping[]) {
    for (const [server, { figures }] of mappings.entries()) {
      for (const [figure, groups] of Object.entries(figures) as [FigureName, readonly (readonly FamilyRule[])[]][]) {
        for (const [group, rules] of groups.entries()) {
          for (const [place, rule] of rules.entries()) {
            const placed = { figure, server, group, place, rule }
            this.#byFamily.set(rule.family, [...(this.#byFamily.get(rule.family) ?? []), placed])
          }
        }
      }
    }
  }

  /** The rules for a metric; none when its name is of nobody's. */
  of(name: string): readonly PlacedRule[] {
    return this.#byFamily.get(name) ?? this.#byFamily.get(name.replace(/_total$/, '')) ?? []
  }
}

/** Whether a series with these attributes is one that the rule counts. */
export function counts({ where, whereNot }: FamilyRule, attributes: Attributes): boolean {
  return (where === undefined || hasAll(attributes, where)) && !(whereNot !== undefined && hasAny(attributes, whereNot))
}

type Patterns = NonNullable<FamilyRule['where']>

function hasAll(attributes: Attributes, patterns: Patterns): boolean {
  for (const label in patterns) if (!has(attributes, label, patterns[label])) return false
  return true
}

function hasAny(attributes: Attributes, patterns: Patterns): boolean {
  for (const label in patterns) if (has(attributes, label, patterns[label])) return true
  return false
}

function has(attributes: Attributes, label: string, patterns: readonly string[] = []): boolean {
  const value = attributes.get(label) ?? ''
  return patterns.some((pattern) => isLike(value, pattern))
}

/** `5*` is whatever begins with a 5. */
function isLike(value: string, pattern: string): boolean {
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern
}
