import type { Database, PrismaClient } from '@gaugeline/prisma'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { RecordingClock } from './clock.ts'
import { ActiveDeployments } from './deployments/active-deployments.ts'
import { type DeploymentFilter, type DeploymentWithNames, filterKey } from './deployments/deployment-filter.ts'
import { Deployments } from './deployments/deployments.ts'
import { EventRecords } from './deployments/event-records.ts'
import type { Env } from './env.ts'
import type { Bus } from './live/bus.ts'
import { Cursors } from './live/cursors.ts'
import { EventLog } from './live/event-log.ts'
import { Fleet } from './live/fleet.ts'
import { createMemoryBus } from './live/memory-bus.ts'
import { RecentSamples } from './live/recent-samples.ts'
import { SampleLogs } from './live/sample-logs.ts'
import { MetricsHistory } from './metrics/history.ts'
import { Recorder } from './metrics/recorder.ts'
import { Retention } from './metrics/retention.ts'
import { SampleStore } from './metrics/sample-store.ts'
import { createSimulatedSource } from './metrics/sources/simulator/simulated-source.ts'
import { loadTrace, TraceError } from './metrics/sources/simulator/trace.ts'
import type { Source } from './metrics/sources/source.ts'
import { Models } from './models/models.ts'
import { TrainingJobs } from './training/training-jobs.ts'
import { TrainingProgress } from './training/training-progress.ts'
import { TrainingRuns } from './training/training-runs.ts'

/** One-second samples are kept this long: an embedded database is one file on somebody's laptop. */
const KEEP_HOURS = { embedded: 6, postgres: 24 }

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
}

/** Every part of a running server, and what starts and ends them in order. */
export interface Deps {
  services: Services
  source: Source
  bus: Bus
  recorder: Recorder
  retention: Retention
  trainingRuns: TrainingRuns
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
  const logError = (what: string) => (error: unknown) => log.error({ err: error }, what)
  const now = () => clock.now()
  const figures = new Registry()

  const bus = createMemoryBus(logError('a receiver of a bus message failed'))
  const cursors = new Cursors(database.epoch)
  const models = new Models(prisma)
  const events = new EventRecords(prisma)
  const deployments = new Deployments({ prisma, models, events, bus, clock })
  const trainingJobs = new TrainingJobs({ prisma, models, bus, clock })
  const trainingProgress = new TrainingProgress(bus, trainingJobs)
  const trainingRuns = new TrainingRuns({ prisma, bus, clock, onError: logError('simulated training runs are held up') })
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
    source,
    bus,
    clock,
    intervalMs,
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
  liveFigures(figures, { sampleLogs, fleet, trainingProgress, activeDeployments })

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
    },
    source,
    bus,
    recorder,
    retention,
    trainingRuns,
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
      recorder.start()
    },
    async stop() {
      await recorder.stop()
      await trainingRuns.stop()
      await retention.stop()
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
  parts: Pick<Services, 'sampleLogs' | 'fleet' | 'trainingProgress' | 'activeDeployments'>,
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
}

