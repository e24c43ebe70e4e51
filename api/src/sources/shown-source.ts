import type { Deployment, SourceState } from '@gaugeline/prisma'
import type { SourceName } from '../metrics/sample.ts'
import type { ModelServer } from '../recording/sources/model-servers/mapping.ts'
import type { MappedFamily, ScrapeSettings } from '../recording/sources/source-settings.ts'
import type { SourceStatus } from '../recording/sources/source-health.ts'
import type { LabelMatcher } from './source-settings.ts'

/** What is shown of the settings of a scraped source. */
export interface ShownScrapeSettings extends Pick<ScrapeSettings, 'url' | 'timeoutMs' | 'authorization'> {
  labels: readonly LabelMatcher[]
  server: ModelServer | null
  families: readonly MappedFamily[]
}

export interface SourceHealth {
  status: SourceStatus
  since: Date
  lastSuccessAt: Date | null
  lastError: string | null
  durationMs: number | null
  series: number | null
  /** The kind of model server that the last successful scrape was read as. */
  server: string | null
}

/** What is shown of a deployment's source: no secret. */
export interface ShownSource {
  kind: SourceName
  intervalMs: number
  scrape: ShownScrapeSettings | null
  /** By which its health is found. */
  deployment: SourcedDeployment
}

export type SourcedDeployment = Pick<Deployment, 'key' | 'createdAt' | 'source' | 'intervalMs' | 'sourceSettings'>
/** What is read of a state: not the baseline, which may be long. */
export const HEALTH_COLUMNS = {
  deploymentKey: true,
  status: true,
  since: true,
  lastSuccessAt: true,
  lastError: true,
  durationMs: true,
  series: true,
  server: true,
} as const
export type StoredHealth = Pick<SourceState, keyof typeof HEALTH_COLUMNS>

/** @param simulatedIntervalMs the length of the windows of simulated sources that have none of their own */
export function shownSource(deployment: SourcedDeployment, simulatedIntervalMs: number): ShownSource {
  const { source, intervalMs, sourceSettings } = deployment
  // Only `updateDeploymentSource` and `deployTrainingJob` write it, and in this form.
  const scrape = source === 'SCRAPED' ? (sourceSettings as unknown as ScrapeSettings) : null
  return {
    kind: source,
    intervalMs: intervalMs ?? simulatedIntervalMs,
    scrape: scrape && shownScrape(scrape),
    deployment,
  }
}

function shownScrape({ url, timeoutMs, labels, mapping, authorization }: ScrapeSettings): ShownScrapeSettings {
  return {
    url,
    timeoutMs,
    authorization,
    labels: Object.keys(labels)
      .toSorted()
      .map((name) => ({ name, value: labels[name] ?? '' })),
    server: mapping !== null && 'server' in mapping ? mapping.server : null,
    families: mapping !== null && 'families' in mapping ? mapping.families : [],
  }
}

/** Of a source without a row: a simulated one always answers, and of others nothing has come so far. */
export function healthWithoutState({ source, createdAt }: SourcedDeployment): SourceHealth {
  const status = source === 'SIMULATED' ? 'UP' : 'WAITING'
  return {
    status,
    since: createdAt,
    lastSuccessAt: null,
    lastError: null,
    durationMs: null,
    series: null,
    server: null,
  }
}
