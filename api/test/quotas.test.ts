import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from './create-test-app.ts'

const PLACES = 3
const QUOTAS = {
  activeDeployments: PLACES,
  simulatedRuns: PLACES,
  stepsPerTrainingJob: 10,
  apiTokens: PLACES,
  webhooks: 0,
}

interface Result {
  __typename: string
  message?: string
  quota?: string
  max?: number
  id?: { id: string }
}

describe.each(await testDatabaseKinds())('quotas on %s', (kind) => {
  let app: TestApp

  beforeAll(async () => {
    app = await createTestApp(kind, { quotas: QUOTAS })
    // A run would be over, and its place free, before the test is.
    await app.deps.trainingRuns.stop()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  /** @param object the field of the success that holds what was made */
  const mutate = async (call: string, object = 'deployment'): Promise<Result> => {
    const name = /^\w+/.exec(call)?.[0] ?? ''
    const success = `${name.charAt(0).toUpperCase()}${name.slice(1)}Success`
    const { result } = await app.client.data<{ result: Result }>(
      `mutation { result: ${call} { __typename ... on ${success} { id: ${object} { id } }
        ... on Error { message ... on QuotaExceededError { quota max } } } }`,
    )
    return result
  }
  const register = async (status = 'COMPLETED') => {
    const { id } = await mutate(
      `registerTrainingJob(input: { modelName: "m", name: "j", status: ${status} })`,
      'trainingJob',
    )
    return id?.id ?? ''
  }
  const deploy = (job: string) => mutate(`deployTrainingJob(input: { trainingJobId: "${job}" })`)
  const of = (results: readonly Result[], type: string) => results.filter(({ __typename }) => __typename === type)

  it('are given by the server', async () => {
    const { serverInfo } = await app.client.data<{ serverInfo: { limits: unknown } }>(
      '{ serverInfo { limits { maxActiveDeployments maxSimulatedRuns maxStepsPerTrainingJob maxApiTokens maxWebhooks } } }',
    )
    expect(serverInfo.limits).toEqual({
      maxActiveDeployments: PLACES,
      maxSimulatedRuns: PLACES,
      maxStepsPerTrainingJob: 10,
      maxApiTokens: PLACES,
      maxWebhooks: 0,
    })
  })

  it('let no more deployments be active, however many are deployed and resumed at once', async () => {
    const jobs = await Promise.all(Array.from({ length: PLACES * 2 + 1 }, () => register()))
    const paused = await deploy(jobs.pop() ?? '')
    await mutate(`pauseDeployment(input: { deploymentId: "${paused.id?.id}" })`)
    const resume = () => mutate(`resumeDeployment(input: { deploymentId: "${paused.id?.id}" })`)
    const results = await Promise.all([...jobs.map(deploy), resume()])
    expect([...of(results, 'DeployTrainingJobSuccess'), ...of(results, 'ResumeDeploymentSuccess')]).toHaveLength(PLACES)
    const refused = of(results, 'QuotaExceededError')
    expect(refused).toHaveLength(PLACES + 1)
    expect(refused[0]).toMatchObject({ quota: 'ACTIVE_DEPLOYMENTS', max: PLACES })
    expect(refused[0]?.message).toBe('There can be at most 3 active deployments. Pause one first.')

    const [active] = of(results, 'DeployTrainingJobSuccess')
    await mutate(`pauseDeployment(input: { deploymentId: "${active?.id?.id}" })`)
    expect(await deploy(await register())).toMatchObject({ __typename: 'DeployTrainingJobSuccess' })
  })

  it('let no more simulated jobs run, however many are started at once', async () => {
    const start = () => mutate('startTrainingJob(input: { modelName: "m" })', 'trainingJob')
    const results = await Promise.all(Array.from({ length: PLACES * 2 }, start))
    const started = of(results, 'StartTrainingJobSuccess')
    expect(started).toHaveLength(PLACES)
    expect(of(results, 'QuotaExceededError')[0]).toMatchObject({ quota: 'SIMULATED_RUNS', max: PLACES })
    await mutate(`cancelTrainingJob(input: { trainingJobId: "${started[0]?.id?.id}" })`, 'trainingJob')
    expect(await start()).toMatchObject({ __typename: 'StartTrainingJobSuccess' })
  })

  it('let no more API tokens be valid, however many are created at once', async () => {
    const create = () => mutate('createApiToken(input: { name: "t", scopes: [READ] })', 'apiToken')
    const results = await Promise.all(Array.from({ length: PLACES * 2 }, create))
    const created = of(results, 'CreateApiTokenSuccess')
    expect(created).toHaveLength(PLACES)
    expect(of(results, 'QuotaExceededError')[0]).toMatchObject({ quota: 'API_TOKENS', max: PLACES })
    await mutate(`revokeApiToken(input: { apiTokenId: "${created[0]?.id?.id}" })`, 'apiToken')
    expect(await create()).toMatchObject({ __typename: 'CreateApiTokenSuccess' })
  })

  it('let no curve grow beyond them, also when several report at once; steps can still be replaced', async () => {
    const job = await register('RUNNING')
    const report = (from: number, count: number, more = '') => {
      const steps = Array.from({ length: count }, (_, n) => `{ step: ${from + n}, loss: 1 }`).join()
      return mutate(`updateTrainingJob(input: { trainingJobId: "${job}", steps: [${steps}] ${more} })`, 'trainingJob')
    }
    const results = await Promise.all([report(0, 4), report(4, 4), report(8, 4)])
    expect(of(results, 'UpdateTrainingJobSuccess')).toHaveLength(2)
    const [refused] = of(results, 'QuotaExceededError')
    expect(refused).toMatchObject({ quota: 'STEPS_PER_TRAINING_JOB', max: 10 })
    expect(refused?.message).toContain('at most 10 steps. Report fewer')
    const { trainingJob } = await app.client.data<{ trainingJob: { lossCurve: { step: number }[] } }>(
      `{ trainingJob(id: "${job}") { lossCurve { step } } }`,
    )
    expect(trainingJob.lossCurve).toHaveLength(8)
    const { step } = trainingJob.lossCurve[0] ?? { step: 0 }
    expect(await report(step, 4)).toMatchObject({ __typename: 'UpdateTrainingJobSuccess' })
    expect(await report(100, 2)).toMatchObject({ __typename: 'UpdateTrainingJobSuccess' })
    expect(await report(step, 4, 'status: COMPLETED')).toMatchObject({ __typename: 'UpdateTrainingJobSuccess' })
  })
})
