import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { Distribution } from '../../src/metrics/distribution.ts'
import type { Sample } from '../../src/metrics/sample.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from '../create-test-app.ts'
import { freePort } from '../free-port.ts'
import { KINDS, type ReporterTotals, startReporters, totalsOf } from './reporting-process.ts'

export interface RestartedReports {
  kind: Parameters<typeof createTestApp>[0]
  /** How long reporters run before the server is restarted, and again after that; twice as they are restarted too. */
  partMs: number
  exportMs: number
}

export interface ReportedFor {
  totals: ReporterTotals
  samples: Sample[]
}

/**
 * Lets OpenTelemetry's SDK report for four deployments, while the server and then the reporters are restarted. Gives
 * what the reporters recorded, and all samples.
 */
export async function reportThroughRestarts({ kind, partMs, exportMs }: RestartedReports): Promise<ReportedFor[]> {
  const port = await freePort()
  let app = await createTestApp(kind, { port })
  try {
    const deployments = await deployReported(app, KINDS.length)
    const order = {
      url: app.origin,
      token: ADMIN_TOKEN,
      reporters: KINDS.map((reporter, at) => ({ ...reporter, deployment: deployments[at]?.id ?? '' })),
      exportMs,
      requestsPerExport: 20,
    }
    const first = await startReporters({ ...order, seed: 1 })
    await pause(partMs)
    app = await app.restart()
    await pause(partMs)
    const firstTotals = await first.stop()
    const second = await startReporters({ ...order, seed: 2 })
    await pause(partMs)
    const totals = totalsOf([firstTotals, await second.stop()])
    await untilCounted(app)
    const { sampleStore } = app.deps.services
    return await Promise.all(
      deployments.map(async ({ key }, at) => ({
        totals: totals[at] as ReporterTotals,
        samples: await sampleStore.after(key, 0, 100_000),
      })),
    )
  } finally {
    await app[Symbol.asyncDispose]()
  }
}

/** Fails unless every figure of the samples is that of the reporters, and their percentiles lie where they are said to. */
export function expectSameTotals({ totals, samples }: ReportedFor): void {
  const sum = (pick: (sample: Sample) => number | null) => samples.reduce((all, sample) => all + (pick(sample) ?? 0), 0)
  expect({
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    timeouts: sum(({ errorsByReason }) => errorsByReason?.['timeout'] ?? 0),
    promptTokens: sum(({ promptTokens }) => promptTokens),
    generatedTokens: sum(({ generatedTokens }) => generatedTokens),
  }).toEqual({
    requests: totals.requests,
    errors: totals.errors,
    timeouts: totals.errors,
    promptTokens: totals.promptTokens,
    generatedTokens: totals.generatedTokens,
  })
  expect(sum(({ latencySumMs }) => latencySumMs)).toBeCloseTo(totals.latencySumMs, 3)
  const latency = new Distribution()
  for (const sample of samples) if (sample.latency !== null) latency.mergeEncoded(sample.latency)
  expect(latency.count).toBe(totals.requests)
  const sorted = totals.latencies.toSorted((a, b) => a - b)
  for (const q of [0.1, 0.5, 0.95]) {
    const quantile = latency.quantile(q)
    const exactMs = sorted[Math.ceil(q * sorted.length) - 1] ?? Number.NaN
    expect(exactMs).toBeGreaterThanOrEqual((quantile?.lowMs ?? Infinity) * (1 - 1e-9))
    expect(exactMs).toBeLessThanOrEqual((quantile?.highMs ?? Infinity) * (1 + 1e-9))
  }
}

async function deployReported(app: TestApp, count: number): Promise<{ id: string; key: number }[]> {
  const deployments = []
  for (let n = 0; n < count; n++) {
    const { registerTrainingJob } = await app.client.data<{
      registerTrainingJob: { trainingJob: { id: string } }
    }>(
      `mutation { registerTrainingJob(input: { modelName: "test/reported", name: "job ${n}", status: COMPLETED }) {
        ... on RegisterTrainingJobSuccess { trainingJob { id } } } }`,
    )
    const { deployTrainingJob } = await app.client.data<{
      deployTrainingJob: { deployment: { id: string } }
    }>(
      `mutation ($id: ID!) { deployTrainingJob(input: { trainingJobId: $id, source: { report: { intervalSeconds: 1 } } }) {
        ... on DeployTrainingJobSuccess { deployment { id } } } }`,
      { id: registerTrainingJob.trainingJob.id },
    )
    const { id } = deployTrainingJob.deployment
    const uuid = Buffer.from(id, 'base64').toString().split(':')[1] ?? ''
    const { key } = await app.deps.services.prisma.deployment.findUniqueOrThrow({ where: { id: uuid } })
    deployments.push({ id, key })
  }
  return deployments
}

/** Nothing that was taken waits any more. */
async function untilCounted({ deps }: TestApp): Promise<void> {
  for (;;) {
    if ((await deps.services.prisma.report.count()) === 0) return
    await new Promise<void>((resolve) => {
      const unsubscribe = deps.bus.subscribe('recorded', () => {
        unsubscribe()
        resolve()
      })
    })
  }
}
