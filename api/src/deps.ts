import { type Database, isUnavailable, type PrismaClient, type Reader } from '@gaugeline/prisma'
import type { Logger } from 'pino'
import { createAccess } from './auth/access.ts'
import type { ApiTokens } from './auth/api-tokens.ts'
import { type Auth, createAuth } from './auth/auth.ts'
import type { Sessions } from './auth/sessions.ts'
import { type Clocks, createClocks, realTime, type TimeSources } from './base/clock.ts'
import { errorLog } from './base/error-log.ts'
import type { Part } from './base/lifecycle.ts'
import type { ServerInfo } from './base/server-info.ts'
import { Sweeper } from './base/sweeper.ts'
import { VERSION } from './base/version.ts'
import type { Bus } from './bus/bus.ts'
import { createMemoryBus } from './bus/memory-bus.ts'
import { ActiveDeployments } from './deployments/active-deployments.ts'
import { type DeploymentFilter, type DeploymentWithNames, filterKey } from './deployments/deployment-filter.ts'
import { DeploymentHistories } from './deployments/deployment-histories.ts'
import { createDeployments } from './deployments/create-deployments.ts'
import type { DeploymentSources } from './deployments/deployment-sources.ts'
import type { Deployments } from './deployments/deployments.ts'
import { EventRecords } from './deployments/event-records.ts'
import { MetricsExports } from './deployments/metrics-exports.ts'
import { ReportedInferences } from './deployments/reported-inferences.ts'
import type { SourceChanges } from './deployments/source-changes.ts'
import type { Env } from './env.ts'
import { Idempotency } from './idempotency/idempotency.ts'
import { Cursors } from './live/cursors.ts'
import { EventLog } from './live/event-log.ts'
import { DeploymentTotals } from './live/deployment-totals.ts'
import { createLiveMetrics, type LiveMetrics } from './live/live-metrics.ts'
import { Models } from './models/models.ts'
import { createRecording } from './recording/create-recording.ts'
import type { Recorder } from './recording/recorder.ts'
import type { Reporting } from './recording/sources/reporting/create-reporting.ts'
import type { Source } from './recording/sources/source.ts'
import { createRollUp } from './samples/create-roll-up.ts'
import { createSampleStorage } from './samples/create-sample-storage.ts'
import type { MetricsHistory } from './samples/history.ts'
import type { Retention } from './samples/retention.ts'
import type { SampleStore } from './samples/sample-store.ts'
import { Telemetry } from './telemetry.ts'
import { TrainingJobs } from './training/training-jobs.ts'
import { TrainingProgress } from './training/training-progress.ts'
import { TrainingRuns } from './training/training-runs.ts'
import { createWebhooks } from './webhooks/create-webhooks.ts'
import { DeliveryBacklog } from './webhooks/delivery-backlog.ts'
import type { DeliveryQueue } from './webhooks/delivery-queue.ts'
import { WebhookOutbox } from './webhooks/outbox.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

export { createSource, TraceError } from './recording/sources/create-source.ts'

const SWEEP_EVERY_MS = 60_000

/** What resolvers can reach. */
export interface Services extends LiveMetrics<DeploymentWithNames, DeploymentFilter> {
  prisma: PrismaClient
  /** To follow relations when reading; everything else goes through the services. */
  reader: Reader
  models: Models
  trainingJobs: TrainingJobs
  trainingProgress: TrainingProgress
  deployments: Deployments
  sources: DeploymentSources
  activeDeployments: ActiveDeployments
  sampleStore: SampleStore
  history: DeploymentHistories
  metricsHistory: MetricsHistory
  eventLog: EventLog
  cursors: Cursors
  apiTokens: ApiTokens
  sessions: Sessions
  webhooks: Webhooks
  reportedInferences: ReportedInferences
  serverInfo: ServerInfo
}

export interface DepsOptions {
  env: Env
  database: Database
  source: Source
  log: Logger
  /** Where people reach the server: session cookies depend on it. */
  address: { port: number; publicOrigin: string }
  time?: TimeSources | undefined
}

/** Every service of a running server. */
export interface Deps extends Clocks {
  services: Services
  auth: Auth
  source: Source
  bus: Bus
  recorder: Recorder
  retention: Retention
  rollUp: Part
  trainingRuns: TrainingRuns
  outbox: WebhookOutbox
  deliveryQueue: DeliveryQueue
  telemetry: Telemetry
  deploymentTotals: DeploymentTotals
  sourceChanges: SourceChanges
  metricsExports: MetricsExports
  reporting: Reporting
  /** What runs by itself, in the order in which it starts; it stops in reverse. */
  parts: readonly Part[]
}

/** Wires every service by hand. Starts nothing. */
export function createDeps({ env, database, source, log, address, time = realTime }: DepsOptions): Deps {
  const { prisma, reader, inTransaction } = database
  const { adminToken, sampleIntervalMs: intervalMs, quotas } = env
  const logError = (what: string) => errorLog(log, what, isUnavailable)
  const { clock, monotonic, recordingClock } = createClocks(time, (aheadMs, what) => log.warn({ aheadMs }, what))
  const telemetry = new Telemetry()

  const bus = createMemoryBus(logError('a handler of a bus message failed'))
  const cursors = new Cursors(database.epoch)
  const models = new Models(reader)
  const outbox = new WebhookOutbox(cursors, bus, clock)
  const events = new EventRecords({ prisma, reader, outbox, cursors, bus })
  const idempotency = new Idempotency(prisma, clock)
  const access = createAccess({
    prisma,
    reader,
    idempotency,
    clock,
    monotonic,
    adminToken,
    maxTokens: quotas.apiTokens,
    onError: logError('the time of last use of API tokens could not be written'),
  })
  const auth = createAuth({
    sessions: access.sessions,
    ends: access.ends,
    findToken: (hash) => access.apiTokens.byHash(hash),
    onTokenUse: (tokenId) => access.tokenUses.note(tokenId),
    clock,
    monotonic,
    port: address.port,
    secure: address.publicOrigin.startsWith('https:'),
    trustedProxies: env.trustedProxies,
    basePath: env.basePath,
    adminToken,
  })
  const onChangeError = logError('what became of a source could not be written')
  const forChanges = { prisma, reader, models, idempotency, bus, clock, recordingClock, quotas }
  const changers = createDeployments({
    ...forChanges,
    inTransaction,
    events,
    mayBeScraped: env.scrapeAllowedHosts,
    onChangeError,
  })
  const { deployments, sources, sourceChanges, scrapeGuard } = changers
  const trainingJobs = new TrainingJobs({ ...forChanges, outbox })
  const trainingProgress = new TrainingProgress(bus, trainingJobs)
  const onRunError = logError('simulated training runs are stalled')
  const trainingRuns = new TrainingRuns({ prisma, bus, outbox, clock: recordingClock, onError: onRunError })
  const directoryError = logError('the active deployments could not be read')
  const activeDeployments = new ActiveDeployments({ reader, bus, onError: directoryError })
  const { sampleStore, recorderStore, sourceStates, metricsHistory, tables, sweepClock, retention, kept } =
    createSampleStorage({
      database,
      keep: env.keep,
      intervalMs,
      time,
      clock: recordingClock,
      onRetentionError: logError('old samples could not be removed'),
    })
  const eventLog = new EventLog({ events, bus, cursors, onError: logError('the event log could not be read') })
  const { recent, trailing, sampleLogs, fleet } = createLiveMetrics({
    store: sampleStore,
    bus,
    cursors,
    directory: activeDeployments,
    keyOf: filterKey,
    now: () => recordingClock.now(),
    intervalMs,
    errorsOf: logError,
  })
  const deploymentTotals = new DeploymentTotals({ bus, active: () => activeDeployments.named() })
  const history = new DeploymentHistories(prisma, reader, metricsHistory)
  const metricsExports = new MetricsExports({ prisma, store: sampleStore, histories: history, clock: recordingClock })
  const recording = createRecording({
    database,
    store: recorderStore,
    states: sourceStates,
    simulated: source,
    guard: scrapeGuard,
    bus,
    clock: recordingClock,
    monotonic,
    intervalMs,
    onTransition: (transition) => sourceChanges.onTransition(transition),
    counters: telemetry,
    errorsOf: logError,
    onRecovery: () => log.info('recording has resumed'),
  })
  const { reporting, scraped } = recording
  const rollUp = createRollUp({ database, tables, recent, clock: recordingClock, log, logError })
  const forWebhooks = { prisma, reader, outbox, idempotency, bus, clock, maxWebhooks: quotas.webhooks }
  const { webhooks, deliveryQueue, deliveryWorker } = createWebhooks({
    ...forWebhooks,
    mayBeReached: env.webhookAllowedHosts,
    onAttempt: ({ failure }) => telemetry.onDeliveryAttempt(failure),
    onError: logError('webhook deliveries are stalled'),
  })
  const sweeper = new Sweeper({
    everyMs: SWEEP_EVERY_MS,
    now: () => sweepClock.now(),
    sweeps: [
      (atMs) => idempotency.removeExpired(atMs),
      (atMs) => access.sessions.removeEnded(atMs),
      (atMs) => deliveryQueue.removeOld(atMs),
      () => deliveryQueue.removeExcess(),
      (atMs) => deliveryQueue.forgetSecrets(atMs),
      () => deliveryQueue.bringBack(),
      (atMs) => reporting.inbox.removeOld(atMs),
    ],
    onError: logError('expired rows could not be removed'),
  })
  const deliveryBacklog = new DeliveryBacklog(deliveryQueue, clock, monotonic)
  const live = { activeDeployments, sampleLogs, fleet, rollUp, scraped }
  telemetry.addServices({ ...live, trainingProgress, deliveryWorker, deliveryBacklog })

  return {
    services: {
      prisma,
      reader,
      models,
      trainingJobs,
      trainingProgress,
      deployments,
      sources,
      activeDeployments,
      sampleStore,
      history,
      metricsHistory,
      recent,
      trailing,
      sampleLogs,
      eventLog,
      fleet,
      cursors,
      apiTokens: access.apiTokens,
      sessions: access.sessions,
      webhooks,
      reportedInferences: new ReportedInferences({ ...reporting, clock: recordingClock }),
      serverInfo: {
        version: VERSION,
        intervalMs,
        retention: kept,
        quotas,
        clock: recordingClock,
      },
    },
    auth,
    source,
    bus,
    recorder: recording.recorder,
    retention,
    rollUp,
    trainingRuns,
    outbox,
    deliveryQueue,
    telemetry,
    deploymentTotals,
    sourceChanges,
    metricsExports,
    reporting,
    clock,
    monotonic,
    recordingClock,
    parts: [
      // What was recorded before a restart must not lie in the future.
      { start: async () => recordingClock.advanceTo((await sampleStore.newestWindowEnd()) ?? 0) },
      { start: async () => void (await retention.prepare()) },
      activeDeployments,
      eventLog,
      // The bus calls its subscribers in the order in which they subscribed, so the recent samples receive a sample
      // before the logs and the fleet, whose messages are made from them.
      recent,
      sampleLogs,
      fleet,
      deploymentTotals,
      trainingProgress,
      access.tokenUses,
      rollUp,
      retention,
      sweeper,
      deliveryWorker,
      trainingRuns,
      sourceChanges,
      // Last, since it publishes what the others wait for; so it is the first to stop.
      ...recording.parts,
    ],
  }
}
