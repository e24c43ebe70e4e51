import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import type { FigureName, ModelServer } from '../recording/sources/model-servers/mapping.ts'

export const MAX_SHOWN_FAMILIES = 1000
export const MAX_SHOWN_LABELS = 20
export const MAX_LABEL_VALUES = 50

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
