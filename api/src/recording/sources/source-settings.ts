import type { FigureName, ModelServer } from './model-servers/mapping.ts'

/** Which figure a family gives, where a person has mapped it by hand. */
export interface MappedFamily {
  figure: FigureName
  /** The name of the family. */
  family: string
  /** What one of its units is: seconds, milliseconds or microseconds of a time, a share or a percentage of the cache. */
  unit: FamilyUnit
}
export type FamilyUnit = 'SECONDS' | 'MILLISECONDS' | 'MICROSECONDS' | 'COUNT' | 'RATIO' | 'PERCENT'

/** Where the metrics of a scraped deployment are, as it is stored: JSON, without secrets. */
export interface ScrapeSettings {
  url: string
  /** At most the interval. */
  timeoutMs: number
  /** Only series with all of these labels count. */
  labels: Readonly<Record<string, string>>
  /** Null: found by itself, from what the server answers. */
  mapping: { server: ModelServer } | { families: readonly MappedFamily[] } | null
  /** What the secret is: an Authorization header is made from it. */
  authorization: 'BEARER' | 'BASIC' | null
}

/** A deployment's source, as it is stored. Of what is simulated and reported, nothing but the kind and the interval. */
export interface SourceSettings {
  kind: 'SIMULATED' | 'SCRAPED' | 'REPORTED'
  /** How long its windows are; null: as long as the server's simulated ones. */
  intervalMs: number | null
  scrape: ScrapeSettings | null
  /** The value of the Authorization header. */
  secret: string | null
}

export const SCRAPE_INTERVAL_MS = 5000
export const REPORT_INTERVAL_MS = 10_000
