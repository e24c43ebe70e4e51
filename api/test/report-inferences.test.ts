import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeId } from '../src/graphql/ids.ts'
import { deploy as deploySimulated, type MutationResult, mutate, pause, registerJob, remove, succeed } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { GraphQLTestClient } from './graphql-client.ts'
import { ManualTime, recordNow } from './create-test-deps.ts'

interface Taken {
  accepted: number
  late: number
  isRepeated: boolean
}

describe.each(await testDatabaseKinds())('reportInferences on %s', (kind) => {
  let app: TestApp
  const time = new ManualTime()
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 }, undefined, time)
  })
  afterAll(() => app[Symbol.asyncDispose]())
  // Each begins with a window.
  beforeEach(() => time.pass(10_000 - (time.wallMs % 10_000)))

  const deploy = async () => {
    const input = { trainingJobId: await registerJob(app.client), source: { report: { intervalSeconds: 10 } } }
    const { deployment } = await succeed<{ deployment: { id: string } }>(
      app.client,
      'deployTrainingJob',
      input,
      'deployment { id }',
    )
    return deployment.id
  }
  const at = (secondsAgo = 0) => new Date(time.wallMs - secondsAgo * 1000).toISOString()
  const report = (input: Record<string, unknown>, client = app.client) =>
    mutate<MutationResult & Taken>(
      client,
      'reportInferences',
      { reporter: 'replica-0', sequence: 1, requests: [{ at: at(), latencyMs: 100 }], ...input },
      '... on ReportInferencesSuccess { accepted late isRepeated }',
    )
  const samples = async (id: string) => {
    const { key } = await app.deps.services.prisma.deployment.findUniqueOrThrow({ where: { id: decodeId(id).id } })
    return app.deps.services.sampleStore.after(key, 0, 100)
  }
  const pass = async (seconds: number) => {
    time.pass(seconds * 1000)
    await recordNow(app.deps)
  }
  /** A token of scope REPORT, bound to a deployment or not. */
  const reporter = async (deploymentId?: string) => {
    const { secret } = await succeed<{ secret: string }>(
      app.client,
      'createApiToken',
      { name: 'a reporter', scopes: ['REPORT'], deploymentId },
      'secret apiToken { deployment { id } }',
    )
    return GraphQLTestClient.withToken(app.origin, secret)
  }

  it('counts each request as it was, once however often the report comes', async () => {
    const deploymentId = await deploy()
    await pass(5)
    const requests = [
      { at: at(), latencyMs: 120.5, timeToFirstTokenMs: 30, queueTimeMs: 2, promptTokens: 11, generatedTokens: 7 },
      { at: at(1), latencyMs: 80, promptTokens: 5, error: 'timeout' },
      { at: at(2), latencyMs: 40, error: 'out of memory' },
    ]
    const taken = { __typename: 'ReportInferencesSuccess', accepted: 3, late: 0, isRepeated: false }
    expect(await report({ deploymentId, requests })).toEqual(taken)
    expect(await report({ deploymentId, requests })).toMatchObject({ accepted: 0, isRepeated: true })
    expect(await report({ deploymentId, requests: [], reporter: 'replica-1' })).toMatchObject({ isRepeated: false })
    await pass(7)
    expect(await samples(deploymentId)).toMatchObject([
      {
        requests: 3,
        errors: 2,
        errorsByReason: { timeout: 1, 'out of memory': 1 },
        latencySumMs: 240.5,
        latencyMaxMs: 120.5,
        timeToFirstTokenSumMs: 30,
        timeToFirstTokenMaxMs: 30,
        queueTimeSumMs: 2,
        promptTokens: 16,
        generatedTokens: 7,
        lateReports: 0,
      },
    ])
  })

  it('takes an empty list as word that there were no requests', async () => {
    const deploymentId = await deploy()
    await report({ deploymentId, requests: [] })
    await pass(12)
    expect(await samples(deploymentId)).toMatchObject([{ requests: 0, errors: 0, latencySumMs: 0, latency: null }])
  })

  it('says which requests are late, and counts them', async () => {
    const deploymentId = await deploy()
    await report({ deploymentId })
    await pass(12)
    const requests = [at(9), at(1)].map((when) => ({ at: when, latencyMs: 1 }))
    expect(await report({ deploymentId, sequence: 2, requests })).toMatchObject({ accepted: 2, late: 1 })
    await pass(10)
    expect(await samples(deploymentId)).toMatchObject([{ requests: 1 }, { requests: 2, lateReports: 1 }])
  })

  it('names what is wrong in a report, and takes nothing of it', async () => {
    const deploymentId = await deploy()
    await pass(100)
    const requests = [
      { at: at(), latencyMs: 1 },
      { at: at(-11), latencyMs: 1 },
      { at: at(90), latencyMs: -1 },
      { at: at(), latencyMs: 1, promptTokens: -2 },
    ]
    const answer = await report({ deploymentId, reporter: ' ', requests })
    expect(answer.issues?.map(({ path, message }) => `${path.join('.')} ${message}`)).toEqual([
      'reporter must not be empty.',
      'requests.1.at is from the future, 11 s ahead; at most 10 s are taken.',
      'requests.2.latencyMs must be from 0 to 4294967296, not -1.',
      'requests.2.at is 90 s old, and its window is recorded; at most 60 s are taken.',
      'requests.3.promptTokens must be from 0 to 1000000000, not -2.',
    ])
    // The number of the report is still free.
    expect(await report({ deploymentId })).toMatchObject({ accepted: 1, isRepeated: false })
    const many = Array.from({ length: 1001 }, () => ({ at: at(), latencyMs: 1 }))
    expect(await report({ deploymentId, requests: many })).toMatchObject({
      message: 'requests: must be at most 1000, not 1001.',
    })
  })

  it('refuses deployments that are simulated, paused or deleted, each by name', async () => {
    const simulated = await deploySimulated(app.client)
    expect(await report({ deploymentId: simulated })).toMatchObject({ __typename: 'SourceNotReportedError' })
    const deploymentId = await deploy()
    await report({ deploymentId })
    await pause(app.client, deploymentId)
    expect(await report({ deploymentId, sequence: 2 })).toMatchObject({ __typename: 'DeploymentPausedError' })
    await remove(app.client, deploymentId)
    expect(await report({ deploymentId, sequence: 2 })).toMatchObject({ __typename: 'DeploymentNotFoundError' })
  })

  it('takes reports of a token for the deployment that it is bound to only', async () => {
    const [own, other] = [await deploy(), await deploy()]
    const client = await reporter(own)
    expect(await report({ deploymentId: own }, client)).toMatchObject({ accepted: 1 })
    const input = { deploymentId: other, reporter: 'a', sequence: 1, requests: [] }
    const document = 'mutation ($input: ReportInferencesInput!) { reportInferences(input: $input) { __typename } }'
    const { errors } = await client.request(document, { input })
    expect(errors).toMatchObject([
      { message: `This token may report for the deployment ${own} only.`, extensions: { code: 'FORBIDDEN' } },
    ])
    expect(await report({ deploymentId: other }, await reporter())).toMatchObject({ accepted: 1 })
  })

  it('binds tokens that do nothing but report, to deployments that exist', async () => {
    const deploymentId = await deploy()
    const create = (input: object) => mutate(app.client, 'createApiToken', { name: 'a reporter', ...input })
    expect(await create({ scopes: ['REPORT', 'READ'], deploymentId })).toMatchObject({
      message: 'deploymentId: binds a token to what it reports for: its only scope must be REPORT.',
    })
    await pause(app.client, deploymentId)
    await remove(app.client, deploymentId)
    expect(await create({ scopes: ['REPORT'], deploymentId })).toMatchObject({
      message: 'deploymentId: must be the id of a deployment; there is none with this one.',
    })
  })
})
