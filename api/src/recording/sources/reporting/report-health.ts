import type { RecordingHead } from '../../../samples/sample-store.ts'
import type { SourceStates } from '../../../samples/source-states.ts'
import type { SourceStatus, SourceTransition } from '../source-health.ts'

/** Reporters send every minute by default, and some only when there is something to tell. */
export const DOWN_AFTER_SILENCE_MS = 300_000
const SILENT = 'No report has come for 5 minutes. See that the reporter runs, and what it was answered last.'

export interface ReportHealthOptions {
  states: Pick<SourceStates, 'of'>
  /** Recording's clock. */
  now: () => number
  onTransition: (transition: SourceTransition) => void
}

interface Known {
  head: RecordingHead
  /** Undefined until it was read. */
  status: SourceStatus | undefined
  /** Of this server; what came before it started is not known. */
  lastReportMs: number | null
  sinceMs: number
}

/**
 * Tells whether deployments are reported for: waiting until the first report, then up, and down once there was none for
 * five minutes. It goes on from the status that is stored, so a restart tells nothing again.
 */
export class ReportHealth {
  readonly #options: ReportHealthOptions
  /** By deployment key. */
  #known = new Map<number, Known>()

  constructor(options: ReportHealthOptions) {
    this.#options = options
  }

  /** These are reported for, and no others. One that was resumed, or has a new source, begins anew. */
  onHeads(heads: readonly RecordingHead[]): void {
    const sinceMs = this.#options.now()
    this.#known = new Map(
      heads.map((head) => {
        const known = this.#known.get(head.deploymentKey)
        const isSame = known?.head.recordingSinceMs === head.recordingSinceMs
        return [head.deploymentKey, isSame ? known : { head, status: undefined, lastReportMs: null, sinceMs }]
      }),
    )
  }

  /** A report was taken. */
  onReport(deploymentKey: number): void {
    const known = this.#known.get(deploymentKey)
    if (known === undefined) return
    known.lastReportMs = this.#options.now()
    if (known.status !== undefined) this.#become(known, 'UP', null)
  }

  /** Looks who has been silent for too long. Rejects with errors of the store. */
  async check(): Promise<void> {
    const { states, now } = this.#options
    const unread = [...this.#known].filter(([, { status }]) => status === undefined)
    if (unread.length > 0) {
      const stored = await states.of(unread.map(([key]) => key))
      const statuses = new Map(stored.map(({ deploymentKey, status }) => [deploymentKey, status]))
      for (const [key, known] of unread) known.status = statuses.get(key) ?? 'WAITING'
    }
    for (const known of this.#known.values()) {
      const { status, lastReportMs, sinceMs } = known
      if (now() - (lastReportMs ?? sinceMs) < DOWN_AFTER_SILENCE_MS) {
        if (lastReportMs !== null) this.#become(known, 'UP', null)
      } else if (status !== 'WAITING') {
        this.#become(known, 'DOWN', SILENT)
      }
    }
  }

  #become(known: Known, status: SourceStatus, error: string | null): void {
    if (known.status === status) return
    known.status = status
    const { deploymentKey, deploymentId } = known.head
    this.#options.onTransition({ deploymentKey, deploymentId, status, error, atMs: this.#options.now() })
  }
}
