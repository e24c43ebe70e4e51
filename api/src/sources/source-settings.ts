import type { InputChecks } from '../base/input-checks.ts'
import type { FigureName, ModelServer } from '../recording/sources/model-servers/mapping.ts'
import {
  type FamilyUnit,
  type MappedFamily,
  REPORT_INTERVAL_MS,
  SCRAPE_INTERVAL_MS,
  type ScrapeSettings,
  type SourceSettings,
} from '../recording/sources/source-settings.ts'
import { checkScrapeUrl, type TargetHosts } from './scrape-url.ts'
import { checkAuthorization, type ScrapeAuthorization } from './scrape-authorization.ts'

export const MAX_MATCHERS = 20
const MAX_LABEL_VALUE = 1000
const MAX_NAME = 200
/** Also of a scrape that is only tried. */
export const MAX_TIMEOUT_MS = 10_000
const MIN_TIMEOUT_SECONDS = 0.1

const TIMES: readonly FamilyUnit[] = ['SECONDS', 'MILLISECONDS', 'MICROSECONDS']
const COUNT: readonly FamilyUnit[] = ['COUNT']
/** In which units a figure can be. */
const UNITS: Readonly<Record<FigureName, readonly FamilyUnit[]>> = {
  requests: COUNT,
  errors: COUNT,
  latency: TIMES,
  timeToFirstToken: TIMES,
  interTokenLatency: TIMES,
  queueTime: TIMES,
  promptTokens: COUNT,
  generatedTokens: COUNT,
  inFlight: COUNT,
  waiting: COUNT,
  kvCacheUsage: ['RATIO', 'PERCENT'],
}
const MAX_FAMILIES = Object.keys(UNITS).length

export interface LabelMatcher {
  name: string
  value: string
}

/** As a caller gives it. */
export interface ScrapeInput {
  url: string
  intervalSeconds?: number | null | undefined
  timeoutSeconds?: number | null | undefined
  labels?: readonly LabelMatcher[] | null | undefined
  /** Left out: as it was. Null: none. */
  authorization?: ScrapeAuthorization | null | undefined
  mapping?:
    | { server?: ModelServer | null | undefined; families?: readonly MappedFamily[] | null | undefined }
    | null
    | undefined
}

/** As a caller gives it: exactly one of them. */
export interface SourceInput {
  simulated?: { intervalSeconds?: number | null | undefined } | null | undefined
  scrape?: ScrapeInput | null | undefined
  report?: { intervalSeconds?: number | null | undefined } | null | undefined
}

/** A source with settings that were checked. */
export interface NewSource extends SourceSettings {
  /** The authorization was left out: that of the source before stays, where it may. */
  keepsSecret: boolean
}

/** A source whose settings were checked, and whose metrics are scraped. */
export interface NewScrape extends NewSource {
  scrape: ScrapeSettings
}

export const SIMULATED: NewSource = {
  kind: 'SIMULATED',
  intervalMs: null,
  scrape: null,
  secret: null,
  keepsSecret: false,
}

/**
 * The source as it is stored, and what is wrong with it added to `checks`: then it must not be used.
 * @param path where the input stands in that of the mutation
 */
export function checkSource(checks: InputChecks, path: string[], input: SourceInput, hosts: TargetHosts): NewSource {
  if (input.scrape != null) return checkScrape(checks, [...path, 'scrape'], input.scrape, hosts)
  if (input.report != null) {
    const seconds = input.report.intervalSeconds ?? REPORT_INTERVAL_MS / 1000
    return { ...SIMULATED, kind: 'REPORTED', intervalMs: checkInterval(checks, [...path, 'report'], seconds) }
  }
  const seconds = input.simulated?.intervalSeconds
  if (seconds == null) return SIMULATED
  return { ...SIMULATED, intervalMs: checkInterval(checks, [...path, 'simulated'], seconds) }
}

/** The same of a source that is scraped. */
export function checkScrape(checks: InputChecks, path: string[], input: ScrapeInput, hosts: TargetHosts): NewScrape {
  const intervalMs = checkInterval(checks, path, input.intervalSeconds ?? SCRAPE_INTERVAL_MS / 1000)
  const { authorization, secret } = checkAuthorization(checks, [...path, 'authorization'], input.authorization ?? null)
  return {
    kind: 'SCRAPED',
    intervalMs,
    secret,
    keepsSecret: input.authorization === undefined,
    scrape: {
      url: checkScrapeUrl(checks, [...path, 'url'], input.url, hosts),
      timeoutMs: checkTimeout(checks, [...path, 'timeoutSeconds'], input.timeoutSeconds, intervalMs),
      labels: checkLabels(checks, [...path, 'labels'], input.labels ?? []),
      mapping: checkMapping(checks, [...path, 'mapping'], input.mapping),
      authorization,
    },
  }
}

function checkInterval(checks: InputChecks, path: string[], seconds: number): number {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 60 || 60 % seconds !== 0) {
    const message = `must be whole seconds from 1 to 60 that divide a minute, such as 1, 5, 10 or 30, not ${seconds}.`
    checks.add([...path, 'intervalSeconds'], message)
  }
  return seconds * 1000
}

function checkTimeout(
  checks: InputChecks,
  path: string[],
  seconds: number | null | undefined,
  intervalMs: number,
): number {
  if (seconds == null) return Math.min(intervalMs, MAX_TIMEOUT_MS)
  if (!(seconds >= MIN_TIMEOUT_SECONDS && seconds * 1000 <= intervalMs)) {
    const message = `must be from ${MIN_TIMEOUT_SECONDS} to the interval, which is ${intervalMs / 1000}, not ${seconds}.`
    checks.add(path, message)
  }
  return Math.round(seconds * 1000)
}

function checkLabels(checks: InputChecks, path: string[], labels: readonly LabelMatcher[]): Record<string, string> {
  if (labels.length > MAX_MATCHERS) {
    checks.add(path, `must have at most ${MAX_MATCHERS} labels, not ${labels.length}.`)
    return {}
  }
  const matchers = new Map<string, string>()
  for (const [index, { name, value }] of labels.entries()) {
    const at = [...path, String(index)]
    if (checkMetricName(checks, [...at, 'name'], name)) {
      if (['le', 'quantile', '__name__'].includes(name)) {
        checks.add([...at, 'name'], `must not be ${name}, which is a part of each metric.`)
      } else if (matchers.has(name)) {
        checks.add([...at, 'name'], `must be different from the other names, not "${name}" again.`)
      }
    }
    if (value === '') checks.add([...at, 'value'], 'must not be empty.')
    checks.text([...at, 'value'], value, { max: MAX_LABEL_VALUE })
    matchers.set(name, value)
  }
  return Object.fromEntries(matchers)
}

/** Names of labels and families: also quoted ones, which may hold anything that is visible. */
function checkMetricName(checks: InputChecks, path: string[], name: string): boolean {
  const isName = name.isWellFormed() && /^[^\p{C}\p{Z}"{}\\]+$/u.test(name) && name.length <= MAX_NAME
  if (!isName) {
    checks.add(path, `must have 1 to ${MAX_NAME} visible characters without spaces, quotes, braces and backslashes.`)
  }
  return isName
}

function checkMapping(checks: InputChecks, path: string[], mapping: ScrapeInput['mapping']): ScrapeSettings['mapping'] {
  if (mapping?.server != null) return { server: mapping.server }
  if (mapping?.families == null) return null
  const { families } = mapping
  const at = [...path, 'families']
  if (families.length < 1 || families.length > MAX_FAMILIES) {
    checks.add(at, `must have 1 to ${MAX_FAMILIES} families, at most one for each figure, not ${families.length}.`)
    return null
  }
  const figures = new Set<FigureName>()
  for (const [index, { figure, family, unit }] of families.entries()) {
    const here = [...at, String(index)]
    if (figures.has(figure)) checks.add([...here, 'figure'], 'must be different from the figures of other families.')
    figures.add(figure)
    if (checkMetricName(checks, [...here, 'family'], family) && family.endsWith('_bucket')) {
      checks.add([...here, 'family'], `must be the name of the histogram, "${family.slice(0, -'_bucket'.length)}".`)
    }
    if (!UNITS[figure].includes(unit)) {
      checks.add([...here, 'unit'], `must be ${UNITS[figure].join(' or ')} for this figure, not ${unit}.`)
    }
  }
  return { families: families.map(({ figure, family, unit }) => ({ figure, family, unit })) }
}
