import { type ExposedFamilies, familyOf, PROCESS_START } from './exposed-series.ts'
import { mappingOf, MODEL_SERVERS } from './model-servers/all.ts'
import type { FamilyRule, FigureName, ModelServer, ServerMapping } from './model-servers/mapping.ts'
import type { Family } from './scraping/exposition.ts'
import { listed, NoFiguresError, SnapshotError } from './snapshot-errors.ts'
import type { FamilyUnit, MappedFamily, ScrapeSettings } from './source-settings.ts'
import { DISTRIBUTIONS } from '../../metrics/window-metrics.ts'

/** How an exposition is read. */
export type Mapping = Omit<ServerMapping, 'server'> & {
  /** Null when it was mapped by hand. */
  server: ModelServer | null
}

const SCALES: Record<FamilyUnit, number> = {
  SECONDS: 1000,
  MILLISECONDS: 1,
  MICROSECONDS: 0.001,
  COUNT: 1,
  RATIO: 1,
  PERCENT: 0.01,
}

/**
 * The mapping that a person chose, or that of the server that the families are known by.
 * @throws NoFiguresError when it is none of those we know, or has none of the families of the mapping
 * @throws SnapshotError when a family that was mapped by hand is ambiguous or has no times
 */
export function chosenMapping(
  families: readonly Family[],
  exposed: ExposedFamilies,
  mapping: ScrapeSettings['mapping'],
): Mapping {
  if (mapping === null) return foundMapping(families, exposed)
  return 'server' in mapping
    ? namedMapping(families, exposed, mapping.server)
    : handMade(families, exposed, mapping.families)
}

function namedMapping(families: readonly Family[], exposed: ExposedFamilies, server: ModelServer): Mapping {
  const mapping = mappingOf(server)
  if (familiesOfMapping(mapping).some((family) => exposed.has(family))) return mapping
  throw new NoFiguresError(
    `None of the metrics of ${mapping.title} is there: name the server that it is, or wait until it has served a request.`,
    families,
  )
}

/** Of several servers whose families are there, the first of those that one of them is known by. */
function foundMapping(families: readonly Family[], exposed: ExposedFamilies): Mapping {
  const isThere = (family: string) => exposed.has(family)
  const found =
    MODEL_SERVERS.find(({ knownBy }) => knownBy.some(isThere)) ??
    MODEL_SERVERS.find(({ elseKnownBy = [] }) => elseKnownBy.some(isThere))
  if (found) return found
  const titles = MODEL_SERVERS.map(({ title }) => title)
  throw new NoFiguresError(
    `None of the metrics of ${listed(titles, 'or')} is there: map its families by hand, or wait until it has served a request.`,
    families,
  )
}

function handMade(families: readonly Family[], exposed: ExposedFamilies, mapped: readonly MappedFamily[]): Mapping {
  const figures: Partial<Record<FigureName, FamilyRule[][]>> = {}
  const counting = mapped.find(({ figure }) => figure === 'requests')?.family
  let there = 0
  for (const { figure, family: typed, unit } of mapped) {
    const family = exposedName(families, exposed, typed)
    const series = exposed.of(family)
    if (series !== null) there++
    const rule: FamilyRule = { family, scale: SCALES[unit] }
    if (figure in DISTRIBUTIONS && series?.every(({ count, buckets }) => count === null && buckets.length === 0)) {
      if (counting === undefined) {
        throw new SnapshotError(
          'NO_FIGURES',
          `${family} is one number: a distribution needs a histogram or a summary, or a sum of times beside the requests that it is of.`,
        )
      }
      rule.part = 'sum'
      rule.countedBy = exposedName(families, exposed, counting)
    }
    // What is mapped to one figure adds up.
    ;(figures[figure] ??= []).push([rule])
  }
  if (there === 0) {
    throw new NoFiguresError(
      `None of the mapped families is there: ${listed(mapped.map(({ family }) => family))}.`,
      families,
    )
  }
  return { server: null, title: 'Mapped by hand', knownBy: [], modelLabels: [], figures, unknown: [] }
}

/** The name of the family that a person means, who may have typed that of one of its samples. */
function exposedName(families: readonly Family[], exposed: ExposedFamilies, typed: string): string {
  const exact = families.filter(
    ({ name, samples }) => samples.length > 0 && (name === typed || name === `${typed}_total`),
  )
  if (exact.length > 1) {
    const names = exact.map(({ name, type }) => `${name}, a ${type}`)
    throw new SnapshotError('AMBIGUOUS', `${typed} can be ${listed(names, 'or')}: name the one that is meant.`)
  }
  return exposed.of(typed) === null ? familyOf(typed) : typed
}

/**
 * Which families a scrape has to read, by name, with or without suffixes.
 * @param mapping as in the settings; null: of all servers that we know
 */
export function wantedFamilies(mapping: ScrapeSettings['mapping']): (familyName: string) => boolean {
  const wanted = wantedNames(mapping)
  return (name) => wanted.has(name)
}

/** By server, or ANY: hundreds of targets share them. */
const WANTED = new Map<string, ReadonlySet<string>>()
const ANY = 'ANY'

function wantedNames(mapping: ScrapeSettings['mapping']): ReadonlySet<string> {
  if (mapping !== null && 'families' in mapping) {
    return withSuffixes(mapping.families.flatMap(({ family }) => [family, familyOf(family)]))
  }
  const key = mapping?.server ?? ANY
  const made = WANTED.get(key)
  if (made) return made
  const mappings = mapping === null ? MODEL_SERVERS : [mappingOf(mapping.server)]
  const wanted = withSuffixes(mappings.flatMap(familiesOfMapping))
  WANTED.set(key, wanted)
  return wanted
}

const SUFFIXES = ['', '_total', '_bucket', '_sum', '_count', '_created']

function withSuffixes(families: readonly string[]): ReadonlySet<string> {
  return new Set([PROCESS_START, ...families.flatMap((family) => SUFFIXES.map((suffix) => family + suffix))])
}

function familiesOfMapping({ knownBy, elseKnownBy = [], figures }: ServerMapping): string[] {
  const rules = Object.values(figures).flat(2)
  return [
    ...knownBy,
    ...elseKnownBy,
    ...rules.flatMap(({ family, countedBy }) => [family, ...(countedBy ? [countedBy] : [])]),
  ]
}
