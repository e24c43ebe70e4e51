import type { Database } from '@gaugeline/prisma'
import type { Clock } from '../../../base/clock.ts'
import type { Bus } from '../../../bus/bus.ts'
import { ReportInbox } from '../../../samples/report-inbox.ts'
import { ReportTargets } from '../../../samples/report-targets.ts'
import { SourceStates } from '../../../samples/source-states.ts'
import { REPORT_INTERVAL_MS } from '../source-settings.ts'
import { OPEN_TELEMETRY } from './open-telemetry.ts'
import { OtlpReceiver } from './otlp-receiver.ts'
import { ReportRules } from './report-rules.ts'
import { ReportedSource } from './reported-source.ts'

export interface ReportingOptions {
  database: Database
  bus: Bus
  /** Recording's clock. */
  clock: Clock
  monotonic: Clock
}

export interface Reporting {
  inbox: ReportInbox
  targets: ReportTargets
  /** Takes what comes in OTLP. */
  otlp: OtlpReceiver
  source: ReportedSource
}

/** Wires what takes reports, and the source that counts them. Starts nothing. */
export function createReporting({ database, bus, clock, monotonic }: ReportingOptions): Reporting {
  const inbox = new ReportInbox(database, () => clock.now())
  const targets = new ReportTargets(database, REPORT_INTERVAL_MS, () => monotonic.now())
  for (const kind of ['deploymentEvent', 'setBack'] as const) bus.subscribe(kind, () => targets.forget())
  const rules = new ReportRules([OPEN_TELEMETRY])
  const otlp = new OtlpReceiver({ inbox, targets, rules, clock })
  const states = new SourceStates({ pool: database.reserved })
  return { inbox, targets, otlp, source: new ReportedSource({ inbox, states, now: () => clock.now() }) }
}
