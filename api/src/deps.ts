import { type Database, isUnavailable, type PrismaClient } from '@gaugeline/prisma'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type Access, createAccess } from './auth/access.ts'
import type { ApiTokens } from './auth/api-tokens.ts'
import type { Sessions } from './auth/sessions.ts'
import { RecordingClock } from './base/clock.ts'
import { ActiveDeployments } from './deployments/active-deployments.ts'
import { type DeploymentFilter, type DeploymentWithNames, filterKey } from './deployments/deployment-filter.ts'
import { Deployments } from './deployments/deployments.ts'
import { EventRecords } from './deployments/event-records.ts'
import type { Env } from './env.ts'
import { Idempotency } from './idempotency/idempotency.ts'
import type { Bus } from './bus/bus.ts'
import { Cursors } from './live/cursors.ts'
import { EventLog } from './live/event-log.ts'
import { Fleet } from './live/fleet.ts'
import { createMemoryBus } from './bus/memory-bus.ts'
import { RecentSamples } from './live/recent-samples.ts'
import { SampleLogs } from './live/sample-logs.ts'
import { MetricsHistory } from './samples/history.ts'
import { Recorder } from './recording/recorder.ts'
import { Retention } from './samples/retention.ts'
import { SampleStore } from './samples/sample-store.ts'
import { createSimulatedSource } from './recording/sources/simulator/simulated-source.ts'
import { loadTrace, TraceError } from './recording/sources/simulator/trace.ts'
import type { Source } from './recording/sources/source.ts'
import { Models } from './models/models.ts'
import { Sweeper } from './base/sweeper.ts'
import { TrainingJobs } from './training/training-jobs.ts'
import { TrainingProgress } from './training/training-progress.ts'
import { TrainingRuns } from './training/training-runs.ts'
import { AddressGuard } from './webhooks/address-guard.ts'
import { DeliveryQueue } from './webhooks/delivery-queue.ts'
import { DeliveryWorker } from './webhooks/delivery-worker.ts'
import { WebhookOutbox } from './webhooks/outbox.ts'
import { allowedHosts } from './webhooks/public-addresses.ts'
import { Webhooks } from './webhooks/webhooks.ts'

/** One-second samples are kept this long: an embedded database is one file on somebody's laptop. */
const KEEP_HOURS = { embedded: 6, postgres: 24 }

const SWEEP_EVERY_MS = 60_000

/** What resolvers reach of it. */
export interface Services {
  /** For following relations to read; services own the rest. */
  prisma: PrismaClient
  models: Models
  trainingJobs: TrainingJobs
  trainingProgress: TrainingProgress
  deployments: Deployments
  activeDeployments: ActiveDeployments
  sampleStore: SampleStore
  history: MetricsHistory
  recent: RecentSamples
  sampleLogs: SampleLogs
  eventLog: EventLog
  fleet: Fleet<DeploymentWithNames, DeploymentFilter>
  cursors: Cursors
  apiTokens: ApiTokens
  sessions: Sessions
  webhooks: Webhooks
}

/** Every part of a running server, and what starts and ends them in order. */
export interface Deps {
  services: Services
  access: Access
  source: Source
  bus: Bus
  recorder: Recorder
  retention: Retention
  trainingRuns: TrainingRuns
  outbox: WebhookOutbox
  deliveryQueue: DeliveryQueue
  deliveryWorker: DeliveryWorker
  figures: Registry
  clock: RecordingClock
  start(): Promise<void>
  stop(): Promise<void>
}

export { TraceError }

/** The source of samples that the settings ask for. Throws TraceError. */
export function createSource(env: Env): Source {
  return createSimulatedSource(env.trafficTrace === undefined ? {} : { trace: loadTrace(env.trafficTrace) })
}

/** Wires every service by hand. Starts nothing. */
export function createDeps(
  env: Env,
  database: Database,
  source: Source,
  log: Logger,
  clock: RecordingClock = new RecordingClock(),
): Deps {
  const { prisma } = database
  const { sampleIntervalMs: intervalMs } = env
  const logError = (what: string) => errorLog(log, what)
  const now = () => clock.now()
  const figures = new Registry()

  const bus = createMemoryBus(logError('a receiver of a bus message failed'))
  const cursors = new Cursors(database.epoch)
  const models = new Models(prisma)
  const outbox = new WebhookOutbox(cursors, bus)
  const events = new EventRecords(prisma, outbox)
  const idempotency = new Idempotency(prisma, clock)
  const access = createAccess({
    prisma,
    idempotency,
    clock,
    adminToken: env.adminToken,
    onError: logError('the last use of API tokens could not be written'),
  })
  const deployments = new Deployments({ prisma, models, events, idempotency, bus, clock })
  const trainingJobs = new TrainingJobs({ prisma, models, idempotency, bus, outbox, clock })
  const trainingProgress = new TrainingProgress(bus, trainingJobs)
  const trainingRuns = new TrainingRuns({
    prisma,
    bus,
    outbox,
    clock,
    onError: logError('simulated training runs are held up'),
  })
  const activeDeployments = new ActiveDeployments({
    prisma,
    bus,
    onError: logError('the active deployments could not be read'),
  })
  const sampleStore = new SampleStore(database)
  const history = new MetricsHistory(sampleStore, intervalMs, clock)
  const recent = new RecentSamples({ store: sampleStore, bus, now })
  const sampleLogs = new SampleLogs({
    store: sampleStore,
    bus,
    cursors,
    onError: logError('watched samples could not be read'),
  })
  const eventLog = new EventLog({ events, bus, cursors, onError: logError('the event log could not be read') })
  const fleet = new Fleet({ bus, directory: activeDeployments, recent, keyOf: filterKey, intervalMs })
  const recorder = new Recorder({
    store: sampleStore,
    sourceOf: () => ({ source, intervalMs }),
    bus,
    clock,
    intervalMs,
    onSourceError: logError('a source of samples fails; its deployments are not recorded'),
    onOutage: logError('recording is held up'),
    onRecovery: () => log.info('recording goes on'),
    onStored: recordingFigures(figures),
  })
  const retention = new Retention({
    store: sampleStore,
    keepMs: KEEP_HOURS[database.kind] * 3_600_000,
    now,
    onError: logError('old samples could not be removed'),
  })
  const guard = new AddressGuard(allowedHosts(env.webhookAllowedHosts))
  const webhooks = new Webhooks({ prisma, guard, outbox, idempotency, clock })
  const deliveryQueue = new DeliveryQueue({ prisma, clock, random: Math.random })
  const deliveryWorker = new DeliveryWorker({
    queue: deliveryQueue,
    guard,
    bus,
    clock,
    onError: logError('webhooks are held up'),
  })
  const sweeper = new Sweeper({
    everyMs: SWEEP_EVERY_MS,
    sweeps: [
      () => idempotency.removeExpired(),
      () => access.sessions.removeEnded(),
      () => deliveryQueue.removeOld(),
      () => deliveryQueue.removeExcess(),
      () => deliveryQueue.forgetSecrets(),
    ],
    onError: logError('what is past its time could not be removed'),
  })
  liveFigures(figures, { sampleLogs, fleet, trainingProgress, activeDeployments, deliveryWorker })

  return {
    services: {
      prisma,
      models,
      trainingJobs,
      trainingProgress,
      deployments,
      activeDeployments,
      sampleStore,
      history,
      recent,
      sampleLogs,
      eventLog,
      fleet,
      cursors,
      apiTokens: access.apiTokens,
      sessions: access.sessions,
      webhooks,
    },
    access,
    source,
    bus,
    recorder,
    retention,
    trainingRuns,
    outbox,
    deliveryQueue,
    deliveryWorker,
    figures,
    clock,
    async start() {
      clock.advanceTo((await sampleStore.newestWindowEnd()) ?? 0)
      await activeDeployments.start()
      await eventLog.start()
      // Each hears of a sample before those that are made from it: the ring and the memory before the fleet.
      sampleLogs.start()
      recent.start()
      fleet.start()
      trainingProgress.start()
      trainingRuns.start()
      retention.start()
      sweeper.start()
      deliveryWorker.start()
      recorder.start()
    },
    async stop() {
      await recorder.stop()
      await trainingRuns.stop()
      await deliveryWorker.stop()
      await retention.stop()
      await sweeper.stop()
      await access.tokenUses.stop()
      trainingProgress.stop()
      fleet.stop()
      recent.stop()
      sampleLogs.stop()
      eventLog.stop()
      activeDeployments.stop()
    },
  }
}

function recordingFigures(registry: Registry): (latenessMs: number, count: number) => void {
  const lateness = new Histogram({
    name: 'gaugeline_recording_lateness_seconds',
    help: 'From the end of a window to the moment its sample was stored.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  })
  const stored = new Counter({
    name: 'gaugeline_samples_stored_total',
    help: 'Samples stored since the start.',
    registers: [registry],
  })
  return (latenessMs, count) => {
    lateness.observe(latenessMs / 1000)
    stored.inc(count)
  }
}

function liveFigures(
  registry: Registry,
  parts: Pick<Services, 'sampleLogs' | 'fleet' | 'trainingProgress' | 'activeDeployments'> &
    Pick<Deps, 'deliveryWorker'>,
): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  gauge('gaugeline_active_deployments', 'Deployments that are recorded.', () => parts.activeDeployments.size)
  gauge('gaugeline_sample_logs', 'Deployments whose samples are watched.', () => parts.sampleLogs.counts.logs)
  gauge('gaugeline_sample_followers', 'Subscriptions to samples.', () => parts.sampleLogs.counts.followers)
  gauge('gaugeline_fleet_filters', 'Distinct filters of fleet subscriptions.', () => parts.fleet.counts.filters)
  gauge('gaugeline_fleet_watchers', 'Subscriptions to the fleet.', () => parts.fleet.counts.watchers)
  gauge('gaugeline_training_watchers', 'Subscriptions to training jobs.', () => parts.trainingProgress.watchers)
  gauge('gaugeline_webhook_deliveries', 'Webhook deliveries under way.', () => parts.deliveryWorker.inFlight)
}

/** Logs each error, but of a database that is gone once a minute only: who asks it again every two seconds says nothing new. */
function errorLog(log: Logger, what: string): (error: unknown) => void {
  let quietUntilMs = -Infinity
  return (error) => {
    if (isUnavailable(error)) {
      if (performance.now() < quietUntilMs) return
      quietUntilMs = performance.now() + 60_000
    }
    log.error({ err: error }, what)
  }
}
