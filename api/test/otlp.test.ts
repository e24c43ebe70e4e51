import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../src/base/global-ids.ts'
import { histogram } from './otlp-requests.ts'
import { completedJob, createTestDeps, record, type TestDeps } from './create-test-deps.ts'

describe.each(await testDatabaseKinds())('reports in OTLP on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
    await database.pool.query('truncate reports, report_keys')
  })

  const deploy = async () => {
    const deployment = await deps.services.deployments.deploy(await completedJob(deps), { by: 'amira' })
    await database.pool.query(`update deployments set source = 'REPORTED', interval_ms = 10000 where key = $1`, [
      deployment.key,
    ])
    await database.pool.query(`insert into source_states (deployment_key, since) values ($1, $2)`, [
      deployment.key,
      new Date(deps.clock.now()),
    ])
    return deployment
  }
  const send = (request: unknown) =>
    deps.reporting.otlp.receive(Buffer.from(JSON.stringify(request)), 'json', undefined, () => undefined)

  it('counts a delta histogram in the sample of its window', async () => {
    const { id, key } = await deploy()
    await record(deps, 5000)
    const given = { deployment: encodeId('Deployment', id), timeMs: deps.clock.now() }
    const request = histogram({
      ...given,
      name: 'gen_ai.server.request.duration',
      attributes: { 'error.type': 'timeout' },
      bounds: [0.1, 1],
      counts: [1, 2, 0],
      sum: 1.5,
      max: 0.75,
    })
    expect(await send(request)).toEqual({ rejected: 0, message: '' })
    await record(deps, 8000)
    const samples = await deps.services.sampleStore.after(key, 0, 10)
    expect(samples).toMatchObject([
      {
        windowMs: 10_000,
        source: 'REPORTED',
        requests: 3,
        errors: 3,
        errorsByReason: { timeout: 3 },
        latencySumMs: 1500,
        latencyMaxMs: 750,
      },
    ])
  })
})
