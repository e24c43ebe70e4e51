import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { Queue } from '../../test/queue.ts'
import { ActiveDeployments } from './active-deployments.ts'

const by = 'amira'

describe.each(await testDatabaseKinds())('active deployments on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let active: ActiveDeployments
  let changes: Queue<string[]>
  let errors: Queue<unknown>

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    deps = await createTestDeps(database)
    changes = new Queue()
    errors = new Queue()
    active = new ActiveDeployments({
      reader: database.reader,
      bus: deps.bus,
      onError: (error) => errors.push(error),
    })
    active.onChange(() => changes.push(names()))
  })
  afterEach(async () => {
    await active.stop()
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  const names = () => active.active({}).map(({ model, versionNumber }) => `${model.name} ${versionNumber}`)
  const deploy = async (model: string) => deps.services.deployments.deploy(await completedJob(deps, model), { by })
  /** Reads wait until the test releases them, and return what was stored when they started. */
  const holdReads = () => {
    const held = new Queue<() => void>()
    const rowCounts: number[] = []
    const rowsOf = database.reader.rowsOf.bind(database.reader)
    const reads = vi.spyOn(database.reader, 'rowsOf').mockImplementation((...asked: Parameters<typeof rowsOf>) => {
      const read = rowsOf(...asked)
      return async (...given: Parameters<typeof read>) => {
        const rows = await read(...given)
        rowCounts.push(rows.length)
        await new Promise<void>((release) => held.push(release))
        return rows
      }
    })
    return { held, reads, rowCounts }
  }

  const failOnce = (message: string) =>
    vi.spyOn(database.reader, 'rowsOf').mockReturnValueOnce(() => Promise.reject(new Error(message)))

  it('are those that are active at the start, by model, newest version first', async () => {
    await deploy('b')
    await deploy('b')
    await deploy('a')
    await deps.services.deployments.pause((await deploy('a')).id, { by })
    await active.start()
    expect(names()).toEqual(['a 0', 'b 1', 'b 0'])
    expect(active.size).toBe(3)
  })

  it('follow deploys, pauses and resumes, and report each once', async () => {
    await active.start()
    expect(await changes.next()).toEqual([])
    const { id } = await deploy('a')
    expect(await changes.next()).toEqual(['a 0'])
    await deps.services.deployments.pause(id, { by })
    expect(await changes.next()).toEqual([])
    await deps.services.deployments.resume(id, { by })
    expect(await changes.next()).toEqual(['a 0'])
    expect(changes.size).toBe(0)
  })

  it('report nothing when a read finds no change', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await deploy('a')
    await active.start()
    expect(await changes.next()).toEqual(['a 0'])
    vi.advanceTimersByTime(30_000)
    await deploy('b')
    expect(await changes.next()).toEqual(['a 0', 'b 0'])
  })

  it('are filtered, in the same order', async () => {
    await deploy('b')
    await deploy('a')
    await active.start()
    expect(active.active({ model: 'b' })).toHaveLength(1)
    expect(active.active({ status: ['PAUSED'] })).toEqual([])
    expect(active.active({ search: 'A JOB' }).map(({ model }) => model.name)).toEqual(['a', 'b'])
  })

  it('are read once more after a read during which many changes came', async () => {
    await active.start()
    await changes.next()
    const { held, reads } = holdReads()
    await deploy('a')
    const release = await held.next()
    await deploy('b')
    await deploy('c')
    release()
    expect(await changes.next()).toEqual(['a 0'])
    const again = await held.next()
    again()
    expect(await changes.next()).toEqual(['a 0', 'b 0', 'c 0'])
    expect([reads.mock.calls.length, held.size]).toEqual([2, 0])
  })

  it('are read again one by one as they change, and show the newest version of their model all the same', async () => {
    const [first, other] = [await deploy('a'), await deploy('b')]
    await active.start()
    await changes.next()
    const { held, rowCounts } = holdReads()
    await deploy('a')
    const release = await held.next()
    vi.restoreAllMocks()
    release()
    expect(await changes.next()).toEqual(['a 1', 'a 0', 'b 0'])
    expect(rowCounts).toEqual([1])
    expect(active.byId(first.id)).toMatchObject({
      model: { deploymentCount: 2 },
      trainingJob: { model: { deploymentCount: 2 } },
    })
    await deps.services.trainingJobs.update(other.trainingJobId, { labels: [{ key: 'k', value: 'v' }] })
    await deps.services.deployments.pause(first.id, { by })
    expect(await changes.next()).toEqual(['a 1', 'b 0'])
    expect(active.byId(other.id)?.trainingJob.labels).toEqual(['k=v'])
  })

  it('are told of when one has another kind of source: filters read it', async () => {
    const { id } = await deploy('a')
    await active.start()
    await changes.next()
    await deps.services.sources.update(id, { report: {} }, { by })
    expect(await changes.next()).toEqual(['a 0'])
    expect(active.active({ source: ['REPORTED'] })).toHaveLength(1)
    expect(active.active({ source: ['SIMULATED'] })).toEqual([])
  })

  it('are up to date when something changes while the server starts', async () => {
    const { held } = holdReads()
    const started = active.start()
    const release = await held.next()
    await deploy('a')
    expect(held.size).toBe(0)
    release()
    await started
    const again = await held.next()
    again()
    expect(await changes.next()).toEqual([])
    expect(await changes.next()).toEqual(['a 0'])
  })

  it('stay as they are when they cannot be read, report it, and are read again every half minute', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await deploy('a')
    await active.start()
    await changes.next()
    failOnce('gone')
    await deploy('b')
    expect(await errors.next()).toEqual(new Error('gone'))
    expect(names()).toEqual(['a 0'])
    vi.advanceTimersByTime(30_000)
    expect(await changes.next()).toEqual(['a 0', 'b 0'])
    failOnce('gone again')
    await deploy('c')
    await errors.next()
    await deploy('d')
    expect(await changes.next()).toEqual(['a 0', 'b 0', 'c 0', 'd 0'])
  })

  it('make the start fail when they cannot be read', async () => {
    failOnce('gone')
    await expect(active.start()).rejects.toThrow('gone')
    expect(errors.size).toBe(0)
  })

  it('are not read any more after the stop, nor reported to listeners that unsubscribed', async () => {
    const heard: number[] = []
    active.onChange(() => heard.push(1))()
    await active.start()
    const { held, reads } = holdReads()
    await deploy('a')
    const release = await held.next()
    await deploy('b')
    const stopped = active.stop()
    release()
    await stopped
    await changes.take(2)
    await deploy('c')
    expect([reads.mock.calls.length, heard]).toEqual([1, []])
  })
})
