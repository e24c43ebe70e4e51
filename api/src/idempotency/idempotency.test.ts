import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { DuplicateActiveDeploymentError } from '../deployments/deployment.errors.ts'
import { deferred } from '../base/deferred.ts'
import { InvalidInputError } from '../base/errors.ts'
import { IdempotencyConflictError } from './idempotency.errors.ts'
import { Idempotency, KEPT_MS } from './idempotency.ts'

const by = 'amira'
const amira = (key: string) => ({ caller: by, key })

describe.each(await testDatabaseKinds())('calls with an idempotency key on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  beforeEach(async () => {
    deps = await createTestDeps(database)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const register = (idempotencyKey?: { caller: string; key: string }, name = 'a job') =>
    deps.services.trainingJobs.register({ modelName: 'm', name, status: 'COMPLETED' }, by, idempotencyKey)
  const jobs = () => database.prisma.trainingJob.count()
  const keys = () => database.prisma.idempotencyKey.count()

  it('return what the first call created, and create nothing more', async () => {
    const first = await register(amira('k'))
    expect((await register(amira('k'))).id).toBe(first.id)
    expect((await register(amira('other'))).id).not.toBe(first.id)
    await register()
    await register()
    expect(await jobs()).toBe(4)
  })

  it('have one effect when twenty come at once, and all return it', async () => {
    const jobId = await completedJob(deps)
    const deployments = await Promise.all(
      Array.from({ length: 20 }, () => deps.services.deployments.deploy(jobId, { by }, amira('race'))),
    )
    expect(new Set(deployments.map(({ id }) => id)).size).toBe(1)
    expect((await deps.services.deployments.events([], null, {})).edges).toHaveLength(1)
    const started = await Promise.all(
      Array.from({ length: 20 }, () => deps.services.trainingJobs.start({ modelName: 'm' }, by, amira('runs'))),
    )
    expect(new Set(started.map(({ id }) => id)).size).toBe(1)
  })

  it('are refused when the input, the operation or both differ', async () => {
    await register(amira('k'))
    const others = [
      () => register(amira('k'), 'another job'),
      () => deps.services.trainingJobs.start({ modelName: 'm', name: 'a job' }, by, amira('k')),
    ]
    for (const other of others) await expect(other()).rejects.toBeInstanceOf(IdempotencyConflictError)
    expect(await jobs()).toBe(1)
  })

  it('of two callers never collide', async () => {
    const mine = await register(amira('k'))
    const yours = await register({ caller: 'bo', key: 'k' }, 'theirs')
    expect(yours.id).not.toBe(mine.id)
  })

  it('that failed are not kept: the same call succeeds once the cause is fixed', async () => {
    const jobId = await completedJob(deps)
    const blocking = await deps.services.deployments.deploy(jobId, { by })
    const again = () => deps.services.deployments.deploy(jobId, { by }, amira('retry'))
    await expect(again()).rejects.toBeInstanceOf(DuplicateActiveDeploymentError)
    expect(await keys()).toBe(0)
    await deps.services.deployments.pause(blocking.id, { by })
    const deployment = await again()
    expect(deployment.id).not.toBe(blocking.id)
    expect((await again()).id).toBe(deployment.id)
  })

  it('let the waiting call run when the first one fails at its end', async () => {
    const idempotency = new Idempotency(database.prisma, deps.clock)
    const made: string[] = []
    const begun = deferred()
    const call = (fail: boolean) =>
      database.prisma.$transaction((tx) =>
        idempotency.once(tx, amira('k'), {
          operation: 'test',
          input: {},
          run: async () => {
            if (fail) {
              begun.resolve()
              await new Promise((resolve) => setImmediate(resolve))
              throw new Error('broken')
            }
            const { id } = await tx.model.create({ data: { name: `model-${made.length}` } })
            made.push(id)
            return id
          },
          idOf: (id) => id,
          replay: (id) => Promise.resolve(id),
        }),
      )
    const first = call(true)
    await begun.promise
    const results = await Promise.allSettled([first, call(false), call(false)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(made).toHaveLength(1)
  })

  it('return the object as it is now, and a conflict when it is gone', async () => {
    const jobId = await completedJob(deps)
    const deploy = () => deps.services.deployments.deploy(jobId, { by }, amira('k'))
    const { id } = await deploy()
    await deps.services.deployments.pause(id, { by })
    expect(await deploy()).toMatchObject({ id, status: 'PAUSED' })
    await deps.services.deployments.delete(id, { by })
    await expect(deploy()).rejects.toThrow(/is gone/)
    expect(await database.prisma.deployment.count()).toBe(0)
  })

  it('expire after a day, and are removed', async () => {
    const first = await register(amira('k'))
    deps.time.pass(KEPT_MS - 1)
    expect((await register(amira('k'))).id).toBe(first.id)
    deps.time.pass(1)
    const second = await register(amira('k'), 'another job')
    expect(second.id).not.toBe(first.id)
    await register(amira('other'))
    expect(await keys()).toBe(2)
    deps.time.pass(KEPT_MS)
    const idempotency = new Idempotency(database.prisma, deps.clock)
    expect(await idempotency.removeExpired(deps.clock.now())).toBe(2)
    expect(await idempotency.removeExpired(deps.clock.now())).toBe(0)
  })

  it('accept keys of 1 to 200 printable characters', async () => {
    for (const key of ['', 'x'.repeat(201), 'line\n', 'é']) {
      await expect(register(amira(key))).rejects.toBeInstanceOf(InvalidInputError)
      await expect(deps.services.deployments.deploy(by, { by }, amira(key))).rejects.toBeInstanceOf(InvalidInputError)
    }
    expect(await keys()).toBe(0)
    await register(amira(' '.repeat(200)))
  })
})
