import { familyOf } from './exposed-series.ts'
import { MODEL_SERVERS } from './model-servers/all.ts'
import type { FamilyRule, FigureName, ModelServer, ServerMapping } from './model-servers/mapping.ts'
import { isOfRule } from './rule-series.ts'

/** What a point of a metric says about one figure. */
export interface PointRule {
  figure: FigureName
  /** See `rulesThatCount`. */
  server: ModelServer
  group: number
  rank: number
  /** What of a histogram is taken; null: all of it, or the value of anything else. */
  part: 'count' | 'sum' | null
  /** What one unit of the point is: of a time in milliseconds, of a share as a part of 1. */
  scale: number
  /** Of errors: why. */
  reason: string | null
}

/** UCUM, as OpenTelemetry writes units: what one of them is in milliseconds. */
const MILLISECONDS: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 0.001, µs: 0.001, ns: 0.000001 }

type NamedRule = Pick<PointRule, 'figure' | 'server' | 'group' | 'rank'> & { rule: FamilyRule }

/**
 * What a point that is reported over OTLP says: nothing for metrics that no server is known by, one figure for most, and
 * several for a histogram that is latency and number of requests in one. The metrics of any server are known here, as a
 * collector scrapes and passes them on.
 * @param name of the metric, as OpenTelemetry or as Prometheus writes it
 * @param unit of the metric; it is believed before its name
 * @param attributes of the point, as texts
 */
export function rulesFor(
  name: string,
  unit: string,
  attributes: Readonly<Record<string, string>>,
  servers: readonly ServerMapping[] = MODEL_SERVERS,
): readonly PointRule[] {
  const named = rulesByName(servers)
  const rules = named.get(name) ?? named.get(familyOf(name)) ?? []
  return rules
    .filter(({ rule }) => isOfRule(attributes, rule))
    .map(({ figure, server, group, rank, rule: { part = null, scale = 1, reason } }) => ({
      figure,
      server,
      group,
      rank,
      part,
      // A count of a histogram of times is no time.
      scale: part === null ? (MILLISECONDS[unit] ?? scale) : part === 'sum' ? scale : 1,
      reason: reason === undefined ? null : (attributes[reason] ?? ''),
    }))
}

const tables = new WeakMap<readonly ServerMapping[], ReadonlyMap<string, readonly NamedRule[]>>()

function rulesByName(servers: readonly ServerMapping[]): ReadonlyMap<string, readonly NamedRule[]> {
  const made = tables.get(servers)
  if (made) return made
  const table = new Map<string, NamedRule[]>()
  for (const { server, figures } of servers) {
    for (const [figure, groups] of Object.entries(figures) as [FigureName, readonly (readonly FamilyRule[])[]][]) {
      for (const [at, rules] of groups.entries()) {
        for (const [rank, rule] of rules.entries()) {
          // A sum without its number can't be reported: the points that count come on their own.
          if (rule.countedBy !== undefined) continue
          const named = { figure, server, group: at, rank, rule }
          table.set(rule.family, [...(table.get(rule.family) ?? []), named])
        }
      }
    }
  }
  tables.set(servers, table)
  return table
}

/**
 * Which of the rules by which the points of a deployment can be read do count: the others say the same again, under
 * another name. Of each figure those of the first server count, and of each group of them the rule of the lowest rank.
 * @param rules those of all points that are there
 */
export function rulesThatCount(rules: readonly PointRule[]): (rule: PointRule) => boolean {
  const servers = new Map<FigureName, number>()
  const ranks = new Map<string, number>()
  for (const { figure, server } of rules) {
    servers.set(figure, Math.min(servers.get(figure) ?? Infinity, placeOf(server)))
  }
  for (const { figure, server, group, rank } of rules) {
    const key = `${figure} ${server} ${group}`
    ranks.set(key, Math.min(ranks.get(key) ?? Infinity, rank))
  }
  return ({ figure, server, group, rank }) =>
    servers.get(figure) === placeOf(server) && ranks.get(`${figure} ${server} ${group}`) === rank
}

function placeOf(server: ModelServer): number {
  return MODEL_SERVERS.findIndex((mapping) => mapping.server === server)
}
