import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import type { FigureName, ModelServer } from '../recording/sources/model-servers/mapping.ts'
import type { Family } from '../recording/sources/scraping/exposition.ts'
import type { Scraped } from '../recording/sources/scraping/scrape.ts'
import type { ScrapeSettings } from '../recording/sources/source-settings.ts'
import { labelsToChooseFrom } from './labels-to-choose-from.ts'

export const MAX_SHOWN_FAMILIES = 1000
const MAX_HELP = 300

export interface ExposedFamily {
  name: string
  type: string
  unit: string | null
  help: string | null
  series: number
}

export interface ExposedLabel {
  name: string
  values: readonly string[]
  tellsModelsApart: boolean
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

export function scrapeCheck({ families, durationMs, series }: Scraped, _settings: ScrapeSettings): ScrapeCheck {
  return {
    server: null,
    serverTitle: null,
    problem: { reason: 'NO_FIGURES', message: 'None of the families is known. Map them by hand.' },
    families: families.slice(0, MAX_SHOWN_FAMILIES).map(exposedFamily),
    labels: labelsToChooseFrom(families, []),
    figures: [],
    sinceStart: null,
    unknown: [],
    durationMs,
    series,
  }
}

function exposedFamily({ name, type, unit, help, samples }: Family): ExposedFamily {
  const series = new Set(samples.map(({ labels }) => seriesOf(labels)))
  const isLong = help !== null && help.length > MAX_HELP
  return { name, type, unit, help: isLong ? `${help.slice(0, MAX_HELP - 1)}…` : help, series: series.size }
}

/** What is the same for all samples of one histogram or summary. */
function seriesOf(labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels).filter((name) => name !== 'le' && name !== 'quantile')
  return JSON.stringify(names.toSorted().map((name) => [name, labels[name]]))
}
