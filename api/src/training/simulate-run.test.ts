import { describe, expect, it } from 'vitest'
import { QUEUED_MS, RUN_MS, type RunState, simulateRun, STEPS } from './simulate-run.ts'

const START = Date.UTC(2026, 10, 23, 12)
const RUNS = START + QUEUED_MS
const STEP_MS = RUN_MS / STEPS
const run = { id: '018f2f6e-1111-7abc-8def-0123456789ab', createdAtMs: START, hyperparameters: null }
const diverging = { ...run, hyperparameters: { learningRate: 0.5 } }
const losses = ({ steps }: RunState) => steps.map(({ loss }) => loss)
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('a simulated run', () => {
  it('is queued until it starts', () => {
    for (const nowMs of [START - 60_000, START, RUNS - 1]) {
      expect(simulateRun(run, nowMs)).toEqual({
        status: 'QUEUED',
        progress: 0,
        steps: [],
        startedAtMs: null,
        finishedAtMs: null,
        failureReason: null,
      })
    }
  })

  it('runs a step at a time, each at its time', () => {
    expect(simulateRun(run, RUNS)).toMatchObject({ status: 'RUNNING', progress: 0, steps: [], startedAtMs: RUNS })
    expect(simulateRun(run, RUNS + STEP_MS - 1).steps).toEqual([])
    expect(simulateRun(run, RUNS + STEP_MS).steps).toMatchObject([{ step: 1, at: new Date(RUNS + STEP_MS) }])
    const half = simulateRun(run, RUNS + RUN_MS / 2)
    expect(half).toMatchObject({ status: 'RUNNING', progress: 0.5, finishedAtMs: null })
    expect(half.steps.map(({ step, at }) => [step, at.getTime()])).toEqual(
      Array.from({ length: STEPS / 2 }, (_, index) => [index + 1, RUNS + (index + 1) * STEP_MS]),
    )
  })

  it('is complete with its last step, about a minute after its start, and stays so', () => {
    expect(simulateRun(run, RUNS + RUN_MS - 1)).toMatchObject({ status: 'RUNNING', finishedAtMs: null })
    const complete = simulateRun(run, RUNS + RUN_MS)
    expect(complete).toMatchObject({
      status: 'COMPLETED',
      progress: 1,
      startedAtMs: RUNS,
      finishedAtMs: RUNS + RUN_MS,
      failureReason: null,
    })
    expect(complete.steps).toHaveLength(STEPS)
    expect(simulateRun(run, RUNS + 86_400_000)).toEqual(complete)
  })

  it('continues after a restart: it depends on no earlier state, and keeps its steps', () => {
    const whole = simulateRun(run, RUNS + RUN_MS)
    for (const seconds of [1, 17, 42.5, 59]) {
      const part = simulateRun({ ...run }, RUNS + seconds * 1000)
      expect(part.steps).toEqual(whole.steps.slice(0, part.steps.length))
      expect(simulateRun(run, RUNS + seconds * 1000)).toEqual(part)
    }
  })

  it('has another curve for another id', () => {
    const [one, other] = [run, { ...run, id: 'another' }].map((each) => losses(simulateRun(each, RUNS + RUN_MS)))
    expect(one).not.toEqual(other)
  })

  it.each(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])(
    'learns: its loss falls towards a floor, its accuracy rises, both within bounds (run %s)',
    (id) => {
      const { steps } = simulateRun({ ...run, id }, RUNS + RUN_MS)
      const curve = steps.map(({ loss }) => loss)
      const parts = Array.from({ length: 6 }, (_, part) => mean(curve.slice(part * 20, part * 20 + 20)))
      expect(parts).toEqual(parts.toSorted((a, b) => b - a))
      expect(Math.min(...curve)).toBeGreaterThan(0)
      for (const { accuracy } of steps) {
        expect(accuracy).toBeGreaterThanOrEqual(0)
        expect(accuracy).toBeLessThanOrEqual(1)
      }
      expect(steps.at(-1)?.accuracy).toBeGreaterThan(steps[0]?.accuracy ?? 1)
    },
  )

  it('fails halfway, with a reason and a diverging loss, when the learning rate is too high', () => {
    expect(simulateRun(diverging, RUNS + RUN_MS / 2 - 1)).toMatchObject({ status: 'RUNNING', failureReason: null })
    const failed = simulateRun(diverging, RUNS + RUN_MS / 2)
    expect(failed).toMatchObject({ status: 'FAILED', progress: 0.5, finishedAtMs: RUNS + RUN_MS / 2 })
    expect(failed.failureReason).toContain('learning rate')
    expect(failed.steps).toHaveLength(STEPS / 2)
    expect(losses(failed).at(-1)).toBeGreaterThan(20 * (losses(failed)[0] ?? 0))
    expect(losses(failed).every(Number.isFinite)).toBe(true)
    expect(failed.steps.every(({ accuracy }) => accuracy === null)).toBe(true)
    expect(simulateRun(diverging, RUNS + 86_400_000)).toEqual(failed)
  })

  it.each([
    [{ learningRate: 0.1 }, 'COMPLETED'],
    [{ learningRate: 0.100_001 }, 'FAILED'],
    [{ learningRate: '5' }, 'COMPLETED'],
    [{ learning_rate: 5 }, 'COMPLETED'],
    [{}, 'COMPLETED'],
    [[], 'COMPLETED'],
    ['learningRate', 'COMPLETED'],
    [undefined, 'COMPLETED'],
  ])('with hyperparameters %j ends up %s', (hyperparameters, status) => {
    expect(simulateRun({ ...run, hyperparameters }, RUNS + RUN_MS).status).toBe(status)
  })
})
