import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import { sinceStart } from '../recording/sources/deltas.ts'
import { ExposedFamilies } from '../recording/sources/exposed-series.ts'
import type { FigureName, ModelServer } from '../recording/sources/model-servers/mapping.ts'
import type { Family } from '../recording/sources/scraping/exposition.ts'
import type { Scraped } from '../recording/sources/scraping/scrape.ts'
import { type ExposedSnapshot, snapshotOf } from '../recording/sources/snapshot.ts'
import { SnapshotError } from '../recording/sources/snapshot-errors.ts'
import type { ScrapeSettings } from '../recording/sources/source-settings.ts'
import { unknownOf } from '../recording/sources/unknown-of.ts'
import { type ExposedLabel, labelsToChooseFrom } from './labels-to-choose-from.ts'

export const MAX_SHOWN_FAMILIES = 1000
const MAX_HELP = 300
/** Values of a label that a message lists. */
const MAX_LISTED = 10

export interface ExposedFamily {
  name: string
  type: string
  unit: string | null
  help: string | null
  series: number
}

export interface MappedFigure {
  figure: FigureName
  family: string
}

export interface ScrapeProblem {
  reason: 'NO_FIGURES' | 'AMBIGUOUS'
  message: string
}

/** What a target exposes, and what would be recorded from it. */
export interface ScrapeCheck {
  server: ModelServer | null
  serverTitle: string | null
  problem: ScrapeProblem | null
  families: readonly ExposedFamily[]
  labels: readonly ExposedLabel[]
  figures: readonly MappedFigure[]
  /** What the server has counted since it began; null when there is a problem. */
  sinceStart: MetricsSummary | null
  unknown: readonly string[]
  durationMs: number
  series: number
}

/** @param atMs when it was scraped, milliseconds since the epoch */
export function scrapeCheck(scraped: Scraped, settings: ScrapeSettings, atMs: number): ScrapeCheck {
  const { families, durationMs, series } = scraped
  const exposed = new ExposedFamilies(families)
  const shown = {
    families: families.slice(0, MAX_SHOWN_FAMILIES).map((family) => exposedFamily(family, exposed)),
    durationMs,
    series,
  }
  const read = readFigures(families, settings, atMs)
  if (!('snapshot' in read)) {
    const labels = labelsToChooseFrom(exposed, allNames(families), [])
    return { ...shown, ...NOTHING_READ, labels, problem: read.problem }
  }
  const { snapshot } = read
  const { server, mapping, figures } = snapshot
  const labels = labelsToChooseFrom(exposed, new Set(figures.map(({ family }) => family)), mapping.modelLabels)
  const problem = problemOf(snapshot, settings, labels)
  return {
    ...shown,
    server,
    serverTitle: server === null ? null : mapping.title,
    problem,
    labels,
    figures: problem === null ? figures : [],
    sinceStart: problem === null ? summarySinceStart(snapshot) : null,
    unknown: problem === null ? unknownOf(snapshot) : [],
  }
}

const NOTHING_READ = { server: null, serverTitle: null, figures: [], sinceStart: null, unknown: [] }

const NOTHING_YET =
  'It answers, but has no metrics yet. Some servers, such as Text Generation Inference, have none before their first request: send one, and check again.'

type Read = { snapshot: ExposedSnapshot } | { problem: ScrapeProblem }

function readFigures(families: readonly Family[], { mapping, labels }: ScrapeSettings, atMs: number): Read {
  if (families.length === 0) return { problem: { reason: 'NO_FIGURES', message: NOTHING_YET } }
  try {
    return { snapshot: snapshotOf(families, { mapping, labels, atMs, allowsSeveralModels: true }) }
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error
    return { problem: { reason: error.reason, message: error.message } }
  }
}

function problemOf(
  { ambiguous, figures, series, gauges }: ExposedSnapshot,
  settings: ScrapeSettings,
  labels: readonly ExposedLabel[],
): ScrapeProblem | null {
  if (ambiguous) return { reason: 'AMBIGUOUS', message: ambiguous.message }
  if (figures.length === 0) {
    const message = 'None of the families gives a figure: name another server, or map the families by hand.'
    return { reason: 'NO_FIGURES', message }
  }
  const matchers = Object.entries(settings.labels)
  if (matchers.length === 0 || series.length > 0 || Object.keys(gauges).length > 0) return null
  const asked = matchers.map(([name, value]) => `${name}="${value}"`).join(', ')
  const [name = ''] = matchers[0] ?? []
  const values = labels.find((label) => label.name === name)?.values.slice(0, MAX_LISTED) ?? []
  const there = values.length > 0 ? `${name} is ${values.join(', ')}` : `there is no label ${name} to choose by`
  return { reason: 'NO_FIGURES', message: `No series has the labels ${asked}: ${there}.` }
}

/** Without a start, nobody knows over how long it was counted: then there are no rates. */
function summarySinceStart(snapshot: ExposedSnapshot): MetricsSummary {
  const { atMs, processStartMs } = snapshot
  const windowMs = processStartMs === null ? 0 : Math.max(0, atMs - processStartMs)
  return {
    ...sinceStart(snapshot),
    atMs: atMs - windowMs,
    windowMs,
    coveredMs: windowMs,
    ...(windowMs === 0 && { perSecond: { requests: null, generatedTokens: null } }),
    sources: ['SCRAPED'],
  }
}

function allNames(families: readonly Family[]): Set<string> {
  return new Set(families.map(({ name }) => name))
}

function exposedFamily({ name, type, unit, help, samples }: Family, exposed: ExposedFamilies): ExposedFamily {
  const isLong = help !== null && help.length > MAX_HELP
  const series = exposed.of(name)?.length ?? samples.length
  return { name, type, unit, help: isLong ? `${help.slice(0, MAX_HELP - 1)}…` : help, series }
}
