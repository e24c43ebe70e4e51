import type { Clock } from './clock.ts'
import type { Quotas } from './quotas.ts'

/** What a running server says of itself. */
export interface ServerInfo {
  version: string
  /** The length of the windows that are recorded. */
  intervalMs: number
  /** How long samples are kept, finest resolution first. */
  retention: readonly SampleRetention[]
  quotas: Quotas
  clock: Clock
}

export interface SampleRetention {
  resolutionMs: number
  keepMs: number
}
