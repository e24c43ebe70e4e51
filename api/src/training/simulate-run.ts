import { createHash } from 'node:crypto'
import type { TrainingStepRecord } from '../bus/bus.ts'

/** From the start until the run leaves the queue. */
export const QUEUED_MS = 2000
/** From then to the last step. */
export const RUN_MS = 60_000
export const STEPS = 120
/** With a learning rate above this, the run diverges and fails halfway. */
const DIVERGING_LEARNING_RATE = 0.1

export interface SimulatedRun {
  id: string
  /** When the run was requested, milliseconds since the epoch. */
  createdAtMs: number
  hyperparameters: unknown
}

/** The state of a run at one moment. */
export interface RunState {
  status: 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'FAILED'
  /** 0 to 1. */
  progress: number
  /** All steps so far. */
  steps: TrainingStepRecord[]
  startedAtMs: number | null
  finishedAtMs: number | null
  failureReason: string | null
}

/** The state of a simulated run: a pure function of its id, start and hyperparameters, so a restart continues it. */
export function simulateRun(run: SimulatedRun, nowMs: number): RunState {
  const startedAtMs = run.createdAtMs + QUEUED_MS
  if (nowMs < startedAtMs) {
    return { status: 'QUEUED', progress: 0, steps: [], startedAtMs: null, finishedAtMs: null, failureReason: null }
  }
  const diverges = learningRateOf(run.hyperparameters) > DIVERGING_LEARNING_RATE
  const lastStep = diverges ? STEPS / 2 : STEPS
  const stepMs = RUN_MS / STEPS
  const done = Math.min(lastStep, Math.floor((nowMs - startedAtMs) / stepMs))
  const curve = lossCurve(run.id, diverges)
  const steps: TrainingStepRecord[] = []
  for (let step = 1; step <= done; step += 1) steps.push({ ...curve(step), at: new Date(startedAtMs + step * stepMs) })
  const finished = done === lastStep
  return {
    status: finished ? (diverges ? 'FAILED' : 'COMPLETED') : 'RUNNING',
    progress: done / STEPS,
    steps,
    startedAtMs,
    finishedAtMs: finished ? startedAtMs + lastStep * stepMs : null,
    failureReason: finished && diverges ? 'The loss diverged; try a learning rate of 0.1 or less.' : null,
  }
}

/** The loss falls as a power of the step towards a floor, with noise; the accuracy rises as the loss falls. */
function lossCurve(id: string, diverges: boolean): (step: number) => Omit<TrainingStepRecord, 'at'> {
  const start = 2 + unit(id, 'start') * 2
  const floor = 0.15 + unit(id, 'floor') * 0.4
  const speed = 0.5 + unit(id, 'speed') * 0.5
  return (step) => {
    const noise = 1 + (unit(id, `noise-${step}`) - 0.5) * 0.08
    const loss = diverges
      ? start * Math.exp(step / 12) * noise
      : (floor + (start - floor) * (1 + step / 4) ** -speed) * noise
    return { step, loss, accuracy: diverges ? null : Math.max(0, Math.min(1, 1 - loss / (start + 0.5))) }
  }
}

/** A number from 0 to 1 that depends only on its arguments. */
function unit(id: string, what: string): number {
  return createHash('sha256').update(`${id}:${what}`).digest().readUInt32BE(0) / 2 ** 32
}

function learningRateOf(hyperparameters: unknown): number {
  if (typeof hyperparameters !== 'object' || hyperparameters === null) return 0
  const rate = (hyperparameters as Record<string, unknown>)['learningRate']
  return typeof rate === 'number' ? rate : 0
}
