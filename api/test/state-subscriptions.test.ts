import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeId } from '../src/graphql/ids.ts'
import { Distribution } from '../src/metrics/distribution.ts'
import { deploy, pause, registerJob, remove, resume, succeed, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient, type LiveClient, type Subscription, TRANSPORTS } from './live-clients.ts'

interface Metrics {
  at: string
  requests: number
  errors: number
  inFlight: number
  coveredSeconds: number
  requestsPerSecond: number
  latency: { p50Ms: number; p99Ms: number; meanMs: number; maxMs: number } | null
}
interface Fleet {
  fleetMetrics: {
    at: string
    totals: Metrics
    reported: number
    expected: number
    deployments: { deploymentId: string; deployment: { id: string; version: string } | null; metrics: Metrics }[]
  }
}
interface Progress {
  trainingJobProgress: {
    deleted: boolean
    trainingJob: { id: string; status: string; progress: number; finalLoss: number | null; model: { name: string } }
    newSteps: { step: number; loss: number }[]
  }
}

const METRICS = 'at requests errors inFlight coveredSeconds requestsPerSecond latency { p50Ms p99Ms meanMs maxMs }'
const FLEET = `subscription ($filter: DeploymentFilter) { fleetMetrics(filter: $filter) { at reported expected
  totals { ${METRICS} } deployments { deploymentId deployment { id version status } metrics { ${METRICS} } } } }`
const PROGRESS = `subscription ($id: ID) { trainingJobProgress(trainingJobId: $id) {
  deleted trainingJob { id status progress finalLoss model { name latestVersion trainingJobs(first: 1) { edges { cursor } } }
    lossCurve { step } activeDeployment { version } deployments(first: 3) { edges { cursor } } deployability { reason } }
  newSteps { step loss accuracy } } }`

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
const idsIn = ({ fleetMetrics }: Fleet) => fleetMetrics.deployments.map(({ deploymentId }) => deploymentId)

describe.each(await testDatabaseKinds())('a server on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 50 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  describe.each(TRANSPORTS)('sends the fleet over %s', (transport) => {
    let live: LiveClient
    let ids: string[]
    const modelName = `fleet-${transport}`
    beforeAll(async () => {
      live = liveClient(transport, app.origin)
      ids = []
      for (let n = 0; n < 3; n += 1) ids.push(await deploy(app.client, { modelName }))
    })
    afterAll(() => live[Symbol.asyncDispose]())
    const watch = (filter?: Record<string, unknown>) => live.subscribe<Fleet>(FLEET, { filter })
    const isWhole = ({ fleetMetrics: { reported, expected } }: Fleet) => reported === expected
    const hasRequests = ({ fleetMetrics: { totals } }: Fleet) => totals.requests > 0

    it('one message per window, with every deployment of the filter, newest version first', async () => {
      await using fleet = watch({ model: modelName })
      await fleet.until(({ fleetMetrics }) => fleetMetrics.reported === 3)
      const messages = await fleet.take(5)
      const starts = messages.map(({ fleetMetrics }) => fleetMetrics.at)
      expect(starts).toEqual(starts.toSorted())
      expect(new Set(starts).size).toBeGreaterThan(1)
      for (const message of messages) {
        expect([message.fleetMetrics.expected, idsIn(message)]).toEqual([3, ids.toReversed()])
        const { at, deployments } = message.fleetMetrics
        for (const { deployment, deploymentId, metrics } of deployments) {
          expect([deployment?.id, metrics.at]).toEqual([deploymentId, at])
        }
      }
    })

    it('with the totals of its deployments: sums, and percentiles over all their latencies', async () => {
      await using fleet = watch({ ids })
      await fleet.until(isWhole)
      // Ten windows of 50 ms can go by without a request.
      const given = [...(await fleet.take(10)), ...(await fleet.until(hasRequests))]
      const messages = given.map(({ fleetMetrics }) => fleetMetrics)
      const { prisma, sampleStore } = app.deps.services
      const keys = await prisma.deployment.findMany({ where: { id: { in: ids.map((id) => decodeId(id).id) } } })
      const stored = await sampleStore.since(
        keys.map(({ key }) => key),
        0,
        10_000,
      )
      for (const { at, totals, deployments } of messages) {
        const each = deployments.map(({ metrics }) => metrics)
        expect(totals.at).toBe(at)
        expect(totals.requests).toBe(sum(each.map(({ requests }) => requests)))
        expect(totals.errors).toBe(sum(each.map(({ errors }) => errors)))
        expect(totals.inFlight).toBe(sum(each.map(({ inFlight }) => inFlight)))
        expect(totals.requestsPerSecond).toBeCloseTo(totals.requests / 0.05, 6)
        const measured = each.flatMap(({ latency, requests }) => (latency ? [{ ...latency, requests }] : []))
        if (measured.length === 0) {
          expect(totals.latency).toBeNull()
          continue
        }
        const { p50Ms, p99Ms, meanMs, maxMs } = totals.latency!
        expect(maxMs).toBe(Math.max(...measured.map((latency) => latency.maxMs)))
        const sumMs = sum(measured.map((latency) => latency.meanMs * latency.requests))
        expect(meanMs).toBeCloseTo(sumMs / totals.requests, 6)
        expect(p99Ms).toBeGreaterThanOrEqual(Math.min(...measured.map((latency) => latency.p99Ms)) * 0.99)
        expect(p99Ms).toBeLessThanOrEqual(Math.max(...measured.map((latency) => latency.p99Ms)) * 1.01)
        const merged = new Distribution()
        for (const sample of stored) {
          if (sample.windowStartMs === new Date(at).getTime() && sample.latency) merged.mergeEncoded(sample.latency)
        }
        for (const [q, given] of [
          [0.5, p50Ms],
          [0.99, p99Ms],
        ] as const) {
          expect(Math.abs(given / merged.quantile(q, { sumMs: null, maxMs })!.valueMs! - 1)).toBeLessThan(0.01)
        }
      }
    })

    it('without what is paused and with what is deployed meanwhile, in the same subscription', async () => {
      await using fleet = watch({ model: modelName })
      await using all = watch()
      await fleet.until(isWhole)
      await pause(app.client, ids[0]!)
      const without = (await fleet.until((message) => message.fleetMetrics.expected === 2)).at(-1)!
      expect(idsIn(without)).not.toContain(ids[0])
      await resume(app.client, ids[0]!)
      const added = await deploy(app.client, { modelName })
      const other = await deploy(app.client, { modelName: 'elsewhere' })
      const grown = (await fleet.until((message) => message.fleetMetrics.expected === 4 && isWhole(message))).at(-1)!
      expect(idsIn(grown)).toEqual([added, ids[2], ids[1], ids[0]])
      const everything = (await all.until((message) => idsIn(message).includes(other))).at(-1)!
      expect(idsIn(everything)).toEqual(expect.arrayContaining([...ids, added]))
      await remove(app.client, other)
      await remove(app.client, added)
      const after = (await all.until((message) => !idsIn(message).includes(added))).at(-1)!
      expect(idsIn(after)).not.toContain(other)
    })

    it('of no deployment when none matches: zero requests, no latency, still one message per window', async () => {
      for (const filter of [{ status: ['PAUSED'] }, { ids: [] }, { search: '%' }, { model: 'nobody' }]) {
        await using fleet = watch(filter)
        const { fleetMetrics: first } = await fleet.next()
        expect(first).toMatchObject({
          reported: 0,
          expected: 0,
          deployments: [],
          totals: { requests: 0, latency: null, requestsPerSecond: 0 },
        })
        await fleet.until(({ fleetMetrics }) => fleetMetrics.at > first.at)
      }
      expect(await watch({ ids: ['nonsense'] }).refusal()).toBe('BAD_USER_INPUT')
      expect(await watch({ ids: [unknownId('Model')] }).refusal()).toBe('BAD_USER_INPUT')
    })
  })

  describe.each(TRANSPORTS)('sends the progress of training jobs over %s', (transport) => {
    let live: LiveClient
    beforeAll(() => {
      live = liveClient(transport, app.origin)
    })
    afterAll(() => live[Symbol.asyncDispose]())
    const watch = (id?: string) => live.subscribe<Progress>(PROGRESS, { id })
    const update = (input: Record<string, unknown>) =>
      succeed(app.client, 'updateTrainingJob', input, 'trainingJob { id }')
    const nextOf = async (progress: Subscription<Progress>) => (await progress.next()).trainingJobProgress
    const steps = (...numbers: number[]) => numbers.map((step) => ({ step, loss: 1 / step, accuracy: null }))

    it('of one job: its state at once, then each change with its new steps, until it is deleted', async () => {
      const id = await registerJob(app.client, { status: 'RUNNING' })
      await update({ trainingJobId: id, progress: 0.1, steps: steps(1, 2) })
      await using progress = watch(id)
      expect(await nextOf(progress)).toMatchObject({
        trainingJob: { id, status: 'RUNNING', progress: 0.1, lossCurve: [{ step: 1 }, { step: 2 }] },
        newSteps: [],
      })
      await update({ trainingJobId: id, progress: 0.5, steps: steps(3, 4) })
      expect(await nextOf(progress)).toMatchObject({ trainingJob: { progress: 0.5 }, newSteps: steps(3, 4) })
      await registerJob(app.client, { name: 'of somebody else', status: 'RUNNING' })
      await update({ trainingJobId: id, status: 'COMPLETED', finalLoss: 0.25 })
      expect(await nextOf(progress)).toMatchObject({
        trainingJob: { id, status: 'COMPLETED', progress: 1, finalLoss: 0.25 },
        newSteps: [],
      })
      await succeed(app.client, 'deleteTrainingJob', { trainingJobId: id }, 'trainingJobId')
      expect(await progress.rest()).toEqual([])
      expect(await watch(id).refusal()).toBe('NOT_FOUND')
    })

    it('of one job, beginning with what is true now, whatever others were told before', async () => {
      const id = await registerJob(app.client)
      const query = `subscription ($id: ID!) { trainingJobProgress(trainingJobId: $id) { trainingJob {
        activeDeployment { id } deployability { canDeploy reason } } } }`
      const first = async () => {
        const progress = live.subscribe<{ trainingJobProgress: unknown }>(query, { id })
        return { progress, told: (await progress.next()).trainingJobProgress }
      }
      const before = await first()
      expect(before.told).toEqual({
        trainingJob: { activeDeployment: null, deployability: { canDeploy: true, reason: null } },
      })
      const { deployment } = await succeed<{ deployment: { id: string } }>(
        app.client,
        'deployTrainingJob',
        { trainingJobId: id },
        'deployment { id }',
      )
      const after = await first()
      expect(after.told).toEqual({
        trainingJob: { activeDeployment: deployment, deployability: { canDeploy: false, reason: 'ALREADY_ACTIVE' } },
      })
      for (const { progress } of [before, after]) await progress[Symbol.asyncDispose]()
    })

    it('of all jobs: the unfinished ones first, then every change, new and deleted jobs included', async () => {
      const finished = await registerJob(app.client)
      const queued = await registerJob(app.client, { status: 'QUEUED' })
      const running = await registerJob(app.client, { status: 'RUNNING' })
      await using progress = watch()
      const idOf = ({ trainingJobProgress }: Progress) => trainingJobProgress.trainingJob.id
      const current = (await progress.until((data) => idOf(data) === running)).map(idOf)
      expect(current).toContain(queued)
      expect(current).not.toContain(finished)
      const fresh = await registerJob(app.client, { modelName: 'fresh', status: 'RUNNING' })
      expect(await nextOf(progress)).toMatchObject({ trainingJob: { id: fresh, model: { name: 'fresh' } } })
      await update({ trainingJobId: queued, steps: steps(1) })
      expect(await nextOf(progress)).toMatchObject({ trainingJob: { id: queued }, newSteps: steps(1) })
      const short = await registerJob(app.client, { modelName: 'fresh' })
      expect(await nextOf(progress)).toMatchObject({ deleted: false, trainingJob: { id: short, status: 'COMPLETED' } })
      await using one = watch(fresh)
      expect(await nextOf(one)).toMatchObject({ deleted: false, trainingJob: { id: fresh } })
      await succeed(app.client, 'deleteTrainingJob', { trainingJobId: fresh }, 'trainingJobId')
      expect(await one.rest()).toEqual([])
      await succeed(app.client, 'deleteTrainingJob', { trainingJobId: short }, 'trainingJobId')
      const gone = { model: { name: 'fresh' }, lossCurve: [], activeDeployment: null, deployments: { edges: [] } }
      for (const [id, status] of [
        [fresh, 'RUNNING'],
        [short, 'COMPLETED'],
      ]) {
        const told = { deleted: true, newSteps: [], trainingJob: { id, status, ...gone } }
        expect(await nextOf(progress)).toMatchObject(told)
      }
      await succeed(app.client, 'cancelTrainingJob', { trainingJobId: running }, 'trainingJob { id }')
      expect(await nextOf(progress)).toMatchObject({ trainingJob: { id: running, status: 'CANCELLED' } })
    })

    it('of a simulated run: its curve as it grows up to its end, after which it can be deployed', async () => {
      const input = { modelName: 'simulated' }
      const { trainingJob } = await succeed<{ trainingJob: { id: string } }>(
        app.client,
        'startTrainingJob',
        input,
        'trainingJob { id }',
      )
      const shift = (ms: number) =>
        app.deps.services.prisma.trainingJob.update({
          where: { id: decodeId(trainingJob.id).id },
          data: { createdAt: new Date(Date.now() - ms) },
        })
      // It would leave the queue by itself two seconds after it was asked for.
      await shift(-60_000)
      await using progress = watch(trainingJob.id)
      expect(await nextOf(progress)).toMatchObject({ trainingJob: { status: 'QUEUED', progress: 0 } })
      // As if it had been asked for half a minute ago, and then more than a minute ago.
      await shift(32_000)
      const running = await nextOf(progress)
      expect(running.trainingJob.status).toBe('RUNNING')
      expect(running.newSteps.length).toBeGreaterThan(50)
      await shift(70_000)
      const seen = [running]
      const numbers = () => seen.flatMap(({ newSteps }) => newSteps.map(({ step }) => step))
      // Not until COMPLETED: a message tells the steps of one change, and the status at the time when it is made.
      while (numbers().length < 120) seen.push(await nextOf(progress))
      expect(numbers()).toEqual(Array.from({ length: 120 }, (_, n) => n + 1))
      expect(seen.at(-1)?.trainingJob).toMatchObject({ progress: 1, finalLoss: seen.at(-1)?.newSteps.at(-1)?.loss })
      await deploy(app.client, { trainingJobId: trainingJob.id })
    })

    it('of no job that is unknown or whose id is wrong', async () => {
      expect(await watch(unknownId('TrainingJob')).refusal()).toBe('NOT_FOUND')
      expect(await watch('nonsense').refusal()).toBe('BAD_USER_INPUT')
      expect(await watch(unknownId('Deployment')).refusal()).toBe('BAD_USER_INPUT')
    })
  })
})
