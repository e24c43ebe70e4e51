import type { SourceName } from '../metrics/sample.ts'
import type { SourceStatus } from '../recording/sources/source-health.ts'
import type { ShownScrapeSettings } from './source-settings.ts'

export interface SourceHealth {
  status: SourceStatus
  since: Date
  lastSuccessAt: Date | null
  lastError: string | null
  durationMs: number | null
  series: number | null
}

/** What is shown of a deployment's source: no secret. */
export interface ShownSource {
  kind: SourceName
  intervalMs: number
  scrape: ShownScrapeSettings | null
  health: SourceHealth
}
