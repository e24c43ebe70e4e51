import type { PrismaClient, TrainingJob } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { Part } from '../base/lifecycle.ts'
import { SerialTask } from '../base/serial-task.ts'
import type { Bus } from '../bus/bus.ts'
import type { WebhookOutbox } from '../webhooks/outbox.ts'
import { simulateRun } from './simulate-run.ts'
import { isFinal } from './training-input.ts'
import { writeSteps } from './training-steps.ts'

const TICK_MS = 500

export interface TrainingRunsOptions {
  prisma: PrismaClient
  bus: Bus
  outbox: WebhookOutbox
  clock: Clock
  onError: (error: unknown) => void
}

/** Drives the simulated runs, and only those: writes how far each of them is by now. */
export class TrainingRuns implements Part {
  readonly #options: TrainingRunsOptions
  #timer: NodeJS.Timeout | null = null
  #unsubscribe: (() => void) | null = null
  /** False while no run is queued or running: then nothing is asked of the database. */
  #isBusy = true
  readonly #advance: SerialTask

  constructor(options: TrainingRunsOptions) {
    this.#options = options
    this.#advance = new SerialTask(() => this.advance(), options.onError)
  }

  start(): void {
    this.#unsubscribe = this.#options.bus.subscribe('trainingJob', () => {
      this.#isBusy = true
    })
    this.#timer = setInterval(() => {
      if (this.#isBusy) this.#advance.requestIfIdle()
    }, TICK_MS)
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    if (this.#timer) clearInterval(this.#timer)
    await this.#advance.stop()
  }

  /** Brings every simulated run up to now. */
  async advance(): Promise<void> {
    this.#isBusy = false
    try {
      const jobs = await this.#options.prisma.trainingJob.findMany({
        where: { simulated: true, status: { in: ['QUEUED', 'RUNNING'] } },
      })
      this.#isBusy ||= jobs.length > 0
      for (const job of jobs) {
        // One after another: an embedded database runs one statement at a time anyway.
        await this.#advanceOne(job)
      }
    } catch (error) {
      this.#isBusy = true
      throw error
    }
  }

  async #advanceOne(job: TrainingJob): Promise<void> {
    const { prisma, bus, outbox, clock } = this.#options
    const run = { id: job.id, createdAtMs: job.createdAt.getTime(), hyperparameters: job.hyperparameters }
    const state = simulateRun(run, clock.now())
    // The steps of a run are numbered from 1.
    const newSteps = state.steps.slice(job.stepCount)
    // A run is created as QUEUED: a clock that was set back must not queue it again.
    if (state.status === 'QUEUED' || (newSteps.length === 0 && state.status === job.status)) return
    const last = state.steps.at(-1)
    const written = await prisma.$transaction(async (tx) => {
      // A run that was cancelled or deleted in the meantime stays as it is.
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
      await writeSteps(tx, job.id, newSteps, Infinity)
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
