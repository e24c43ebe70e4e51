import type { Database } from '@gaugeline/prisma'
import type { Clock } from '../../../base/clock.ts'
import type { Bus } from '../../../bus/bus.ts'
import { KeptReports } from '../../../samples/kept-reports.ts'
import { ReportInbox } from '../../../samples/report-inbox.ts'
import { ReportTargets } from '../../../samples/report-targets.ts'
import type { SourceStates } from '../../../samples/source-states.ts'
import { MODEL_SERVERS } from '../model-servers/all.ts'
import type { SourceTransition } from '../source-health.ts'
import { REPORT_INTERVAL_MS } from '../source-settings.ts'
import { OtlpReceiver } from './otlp-receiver.ts'
import { ReportHealth } from './report-health.ts'
import { ReportRules } from './report-rules.ts'
import { ReportedSource } from './reported-source.ts'

export interface ReportingOptions {
  database: Database
  states: SourceStates
  bus: Bus
  /** Recording's clock. */
  clock: Clock
  monotonic: Clock
  onTransition: (transition: SourceTransition) => void
}

export interface Reporting {
  inbox: ReportInbox
  targets: ReportTargets
  /** Takes what comes in OTLP. */
  otlp: OtlpReceiver
  source: ReportedSource
}

/** Wires what takes reports, and the source that counts them. Starts nothing. */
export function createReporting(options: ReportingOptions): Reporting {
  const { database, states, bus, clock, monotonic, onTransition } = options
  const now = () => clock.now()
  const health = new ReportHealth({ states, now, onTransition })
  const kept = new KeptReports()
  const inbox = new ReportInbox(database, now, (deploymentKey) => health.onReport(deploymentKey), kept)
  const targets = new ReportTargets(database, REPORT_INTERVAL_MS, () => monotonic.now())
  for (const kind of ['deploymentEvent', 'setBack'] as const) bus.subscribe(kind, () => targets.forget())
  const rules = new ReportRules(MODEL_SERVERS)
  const otlp = new OtlpReceiver({ inbox, targets, rules, clock })
  // Through connections of its own: callers who take all others do not hold recording up.
  const recorderInbox = new ReportInbox({ pool: database.reserved, kind: database.kind }, now, undefined, kept)
  const source = new ReportedSource({ inbox: recorderInbox, states, health, now })
  return { inbox, targets, otlp, source }
}
