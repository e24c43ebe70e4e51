import type { ModelServer } from '../recording/sources/model-servers/mapping.ts'
import type { MappedFamily, ScrapeSettings } from '../recording/sources/source-settings.ts'

export const MAX_SCRAPE_URL = 2000
export const MAX_SECRET = 4000
export const MAX_MATCHERS = 20
export const MAX_FAMILIES = 50

export interface LabelMatcher {
  name: string
  value: string
}

/** What is shown of the settings of a scraped source. */
export interface ShownScrapeSettings extends Pick<ScrapeSettings, 'url' | 'timeoutMs' | 'authorization'> {
  labels: readonly LabelMatcher[]
  server: ModelServer | null
  families: readonly MappedFamily[]
}

/** As a caller gives it. */
export interface ScrapeInput {
  url: string
  intervalSeconds?: number | null | undefined
  timeoutSeconds?: number | null | undefined
  labels?: readonly LabelMatcher[] | null | undefined
  /** Left out: as it was. Null: none. */
  authorization?: { bearer?: string | null; basic?: { user: string; password: string } | null } | null | undefined
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
