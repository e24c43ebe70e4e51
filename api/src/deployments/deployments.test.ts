import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { InvalidInputError } from '../base/errors.ts'
import { TrainingJobNotFoundError } from '../training/training.errors.ts'
import {
  DeploymentActiveError,
  DeploymentExternalIdTakenError,
  DeploymentNotFoundError,
  DuplicateActiveDeploymentError,
  TrainingJobNotCompletedError,
} from './deployment.errors.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'
const by = 'amira'

describe.each(await testDatabaseKinds())('deployments on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  beforeAll(async () => {
    database = await createTestDatabase(kind)
    deps = await createTestDeps(database)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const deploy = async (modelName: string) =>
    deps.services.deployments.deploy(await completedJob(deps, modelName), { by })
  const eventsOf = async (id: string) =>
    (await deps.services.deployments.events([{ deploymentId: id }], null, { last: 100 })).edges.map(
      ({ node }) => node.kind,
    )

  it('are active at once, starting with v1.0.0', async () => {
    const deployment = await deploy('first/model')
    expect(deployment).toMatchObject({ status: 'ACTIVE', versionNumber: 0, createdBy: by })
    expect(await eventsOf(deployment.id)).toEqual(['DEPLOYED'])
  })

  it('take four round trips to the database: they are made while others wait for their locks', async () => {
    const jobId = await completedJob(deps, 'counted')
    const query = vi.spyOn(pg.Client.prototype, 'query')
    await deps.services.deployments.deploy(jobId, { by })
    const { calls, contexts } = query.mock
    query.mockRestore()
    // Others, of what runs in the background, have other connections.
    const own = contexts[calls.findIndex(([statement]) => statement === 'commit')]
    expect(contexts.filter((client) => client === own)).toHaveLength(4)
  })

  it('wait for an external id before they lock the log: who holds the id may have to write an event', async () => {
    if (kind === 'embedded') return
    const externalId = 'held by a change'
    const holder = await deps.services.deployments.deploy(await completedJob(deps, 'held'), { by, externalId })
    const jobId = await completedJob(deps, 'waiting')
    const client = await database.pool.connect()
    try {
      await client.query('begin')
      await client.query(`update deployments set status = 'PAUSED' where id = $1`, [holder.id])
      const taken = expect(deps.services.deployments.deploy(jobId, { by, externalId })).rejects.toThrow(
        DeploymentExternalIdTakenError,
      )
      await vi.waitFor(async () => {
        const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
        expect((await database.pool.query(waiting)).rows).toHaveLength(1)
      }, 4000)
      await client.query('select 1 from log_state for update nowait')
      await client.query('commit')
      await taken
    } finally {
      client.release(true)
    }
  })

  it('are created from completed jobs only, and refused for every other status', async () => {
    const { trainingJobs, deployments } = deps.services
    for (const status of ['QUEUED', 'RUNNING', 'FAILED', 'CANCELLED'] as const) {
      const job = await trainingJobs.register({ modelName: 'm', name: 'j', status }, by)
      const refusal = await deployments.deploy(job.id, { by }).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(TrainingJobNotCompletedError)
      expect(refusal).toMatchObject({ status })
    }
    await expect(deployments.deploy(NOBODY, { by })).rejects.toBeInstanceOf(TrainingJobNotFoundError)
  })

  it('of one job are active only once when twenty callers race', async () => {
    const jobId = await completedJob(deps, 'raced/job')
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => deps.services.deployments.deploy(jobId, { by })),
    )
    const done = results.filter((result) => result.status === 'fulfilled')
    expect(done).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(DuplicateActiveDeploymentError)
    }
    expect(await deploy('raced/job')).toMatchObject({ versionNumber: 1 })
  })

  it('of twenty jobs of one model get twenty different versions when they race', async () => {
    const jobIds = await Promise.all(Array.from({ length: 20 }, () => completedJob(deps, 'raced/model')))
    const deployed = await Promise.all(jobIds.map((id) => deps.services.deployments.deploy(id, { by })))
    const numbers = deployed.map(({ versionNumber }) => versionNumber).toSorted((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index))
  })

  it('never get a version that a deleted one had', async () => {
    const first = await deploy('versions')
    await deps.services.deployments.pause(first.id, { by })
    await deps.services.deployments.delete(first.id, { by })
    expect(await deploy('versions')).toMatchObject({ versionNumber: 1 })
  })

  it('pause and resume under the same id and version, and leave events', async () => {
    const { deployments } = deps.services
    const deployment = await deploy('pausing')
    expect(await deployments.pause(deployment.id, { by, note: 'too slow' })).toMatchObject({ status: 'PAUSED' })
    expect(await deployments.resume(deployment.id, { by })).toMatchObject({ status: 'ACTIVE', versionNumber: 0 })
    expect(await eventsOf(deployment.id)).toEqual(['RESUMED', 'PAUSED', 'DEPLOYED'])
  })

  it('change nothing and leave no event when they already have the requested status', async () => {
    const { deployments } = deps.services
    const deployment = await deploy('idempotent')
    await deployments.resume(deployment.id, { by })
    await deployments.pause(deployment.id, { by })
    deps.time.pass(5000)
    const again = await deployments.pause(deployment.id, { by })
    expect(again.statusChangedAt).toEqual((await deployments.byId(deployment.id))?.statusChangedAt)
    expect(await eventsOf(deployment.id)).toEqual(['PAUSED', 'DEPLOYED'])
  })

  it('are not resumed while another deployment of the same job is active', async () => {
    const { deployments } = deps.services
    const jobId = await completedJob(deps, 'resuming')
    const first = await deployments.deploy(jobId, { by })
    await deployments.pause(first.id, { by })
    const second = await deployments.deploy(jobId, { by })
    const refusal = await deployments.resume(first.id, { by }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(DuplicateActiveDeploymentError)
    expect(refusal).toMatchObject({ activeDeployment: { id: second.id } })
  })

  it('have one active in the end when a resume races with a deploy', async () => {
    const { deployments } = deps.services
    const jobId = await completedJob(deps, 'resume-race')
    const first = await deployments.deploy(jobId, { by })
    await deployments.pause(first.id, { by })
    const results = await Promise.allSettled([
      deployments.resume(first.id, { by }),
      deployments.deploy(jobId, { by }),
      deployments.resume(first.id, { by }),
    ])
    const active = await deps.database.prisma.deployment.count({ where: { trainingJobId: jobId, status: 'ACTIVE' } })
    expect(active).toBe(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(DuplicateActiveDeploymentError)
    }
  })

  it('are not deleted while they are active; once they are paused they are, and their events stay', async () => {
    const { deployments } = deps.services
    const deployment = await deploy('deleting')
    await expect(deployments.delete(deployment.id, { by })).rejects.toBeInstanceOf(DeploymentActiveError)
    await deployments.pause(deployment.id, { by })
    await deployments.delete(deployment.id, { by })
    expect(await deployments.byId(deployment.id)).toBeNull()
    expect(await eventsOf(deployment.id)).toEqual(['DELETED', 'PAUSED', 'DEPLOYED'])
    for (const act of ['pause', 'resume', 'delete'] as const) {
      await expect(deployments[act](deployment.id, { by })).rejects.toBeInstanceOf(DeploymentNotFoundError)
    }
  })

  it('refuse a note that is too long, or has control or direction characters, and do nothing', async () => {
    const jobId = await completedJob(deps, 'notes')
    for (const note of ['x'.repeat(501), 'a\u0000b', 'half \ud800', '\u202egnp.exe']) {
      await expect(deps.services.deployments.deploy(jobId, { by, note })).rejects.toBeInstanceOf(InvalidInputError)
    }
    expect(await deps.services.deployments.deploy(jobId, { by, note: 'x'.repeat(500) })).toMatchObject({
      versionNumber: 0,
    })
  })

  it('number their events 1, 2, 3 … in commit order, without gaps, even when they race and fail', async () => {
    const jobs = await Promise.all(Array.from({ length: 10 }, () => completedJob(deps, 'numbered')))
    await Promise.allSettled([...jobs, ...jobs].map((id) => deps.services.deployments.deploy(id, { by })))
    const events = await deps.database.prisma.deploymentEvent.findMany({ orderBy: { sequence: 'asc' } })
    expect(events.map(({ sequence }) => Number(sequence))).toEqual(events.map((_, index) => index + 1))
  })
})
