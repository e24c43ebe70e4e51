import type { PrismaClient, TrainingJob } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { Bus } from '../bus/bus.ts'
import type { WebhookOutbox } from '../webhooks/outbox.ts'
import { simulateRun } from './simulate-run.ts'
import { isFinal, writeSteps } from './training-jobs.ts'

const TICK_MS = 500

export interface TrainingRunsOptions {
  prisma: PrismaClient
  bus: Bus
  outbox: WebhookOutbox
  clock: Clock
  onError: (error: unknown) => void
}

/** Drives the simulated runs, and only those: writes down where each stands by now. */
export class TrainingRuns {
  readonly #options: TrainingRunsOptions
  #timer: NodeJS.Timeout | null = null
  #unsubscribe: (() => void) | null = null
  #ticking: Promise<void> | null = null
  /** False when no run is under way: then nothing is asked of the database. */
  #busy = true

  constructor(options: TrainingRunsOptions) {
    this.#options = options
  }

  start(): void {
    this.#unsubscribe = this.#options.bus.subscribe('trainingJob', () => {
      this.#busy = true
    })
    this.#timer = setInterval(() => {
      if (!this.#busy) return
      this.#ticking ??= this.advance()
        .catch(this.#options.onError)
        .finally(() => {
          this.#ticking = null
        })
    }, TICK_MS)
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    if (this.#timer) clearInterval(this.#timer)
    await this.#ticking
  }

  /** Brings every simulated run up to now. */
  async advance(): Promise<void> {
    this.#busy = false
    try {
      const jobs = await this.#options.prisma.trainingJob.findMany({
        where: { simulated: true, status: { in: ['QUEUED', 'RUNNING'] } },
        include: { steps: { orderBy: { step: 'desc' }, take: 1, select: { step: true } } },
      })
      this.#busy ||= jobs.length > 0
      for (const job of jobs) {
        // One after another: an embedded database runs one statement at a time anyway.
        // oxlint-disable-next-line no-await-in-loop
        await this.#advanceOne(job, job.steps[0]?.step ?? 0)
      }
    } catch (error) {
      this.#busy = true
      throw error
    }
  }

  async #advanceOne(job: TrainingJob, lastStep: number): Promise<void> {
    const { prisma, bus, outbox, clock } = this.#options
    const run = { id: job.id, createdAtMs: job.createdAt.getTime(), hyperparameters: job.hyperparameters }
    const state = simulateRun(run, clock.now())
    const newSteps = state.steps.filter((step) => step.step > lastStep)
    // QUEUED is what it was made as: a clock that was set back must not queue a run again.
    if (state.status === 'QUEUED' || (newSteps.length === 0 && state.status === job.status)) return
    const last = state.steps.at(-1)
    const written = await prisma.$transaction(async (tx) => {
      // A run that was cancelled or deleted meanwhile stays as it is.
      const { count } = await tx.trainingJob.updateMany({
        where: { id: job.id, status: { in: ['QUEUED', 'RUNNING'] } },
        data: {
          status: state.status,
          progress: state.progress,
          startedAt: state.startedAtMs === null ? null : new Date(state.startedAtMs),
          finishedAt: state.finishedAtMs === null ? null : new Date(state.finishedAtMs),
          failureReason: state.failureReason,
          ...(state.status === 'COMPLETED'
            ? { finalLoss: last?.loss ?? null, finalAccuracy: last?.accuracy ?? null }
            : {}),
        },
      })
      if (count === 0) return false
      await writeSteps(tx, job.id, newSteps)
      if (isFinal(state.status)) {
        const ended = await tx.trainingJob.findUniqueOrThrow({ where: { id: job.id } })
        await outbox.addTrainingJob(tx, ended, ended.finishedAt ?? ended.createdAt)
      }
      return true
    })
    if (written && isFinal(state.status)) outbox.announce()
    if (written) bus.publish('trainingJob', { trainingJobId: job.id, newSteps })
  }
}
