import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import pg from 'pg'
import { Prisma } from '../generated/client/client.ts'
import { getDatamodel } from '../generated/pothos-types.ts'
import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '../testing.ts'
import { MAX_PREPARED } from '../kept-statements.ts'
import type { ModelName, Selection } from './reader.ts'

type Include = NonNullable<Selection['include']>
type Rows = Record<string, unknown>[]
interface Delegate {
  findMany(query: object): Promise<Rows>
}

const TREES = 16
const { models } = getDatamodel().datamodel
const AWKWARD = ['', '{}', '"', String.raw`\N`, 'NULL', 'a,b', '{"a":1}', 'Zoë 🧪', "it's", ' x ']

/** The same for a seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Some of the relations of a model, and of what they lead to. */
function randomInclude(model: string, depth: number, random: (below: number) => number): Include {
  const relations = models[model]?.fields.filter(({ kind }) => kind === 'object') ?? []
  return Object.fromEntries(
    relations
      .filter(() => random(3) > 0)
      .map(({ name, type, isList }): [string, Include[string]] => {
        const where = isList && type === 'Deployment' && random(2) > 0 ? { where: { status: 'ACTIVE' } } : {}
        if (depth === 0) return [name, isList ? { ...where } : true]
        return [name, { ...where, include: randomInclude(type, depth - 1, random) }]
      }),
  )
}

/** Without the order of lists, which neither Prisma nor we promise. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(unordered)
    const isOfRows = items.some((item) => typeof item === 'object')
    return isOfRows ? items.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unordered(item)]))
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item))
}

const TIMES = [0, -1, 978_307_200_120, 4_102_444_800_003, 253_402_300_799_999]
const FLOATS = [1e-300, -0.1, 1e21, 3, 0.30000000000000004]

/** Rows of most models with values that are read wrong easily. */
async function fill({ prisma }: TestDatabase): Promise<void> {
  for (const name of ['one', 'two', 'three']) await prisma.model.create({ data: { name } })
  const { id: modelId } = await prisma.model.findFirstOrThrow({ where: { name: 'one' } })
  for (const [n, text] of AWKWARD.entries()) {
    const job = await prisma.trainingJob.create({
      data: {
        modelId,
        status: 'QUEUED',
        createdBy: 'x',
        name: `n${text}n`,
        dataset: text,
        labels: AWKWARD.slice(0, n),
        createdAt: new Date(TIMES[n % 5] ?? 0),
        hyperparameters: [{ [text]: [text, null, 1.5] }, 7, text, true, []][n % 5] ?? {},
        finalLoss: FLOATS[n % 5] ?? null,
        steps: { create: Array.from({ length: n % 3 }, (_, step) => ({ step, position: step + 1, loss: step / 3 })) },
      },
    })
    if (n % 2 === 0) continue
    const status = n % 4 === 1 ? 'ACTIVE' : 'PAUSED'
    const { key } = await prisma.deployment.create({
      data: { modelId, trainingJobId: job.id, versionNumber: n, status, createdBy: 'x', labels: ['a=b'] },
    })
    if (n % 3 === 0)
      await prisma.sourceState.create({ data: { deploymentKey: key, since: new Date(n), baseline: { n } } })
  }
  await prisma.reportKey.create({ data: { key: new Uint8Array([0, 1, 92, 255]), at: new Date(0) } })
  await prisma.logState.updateMany({ data: { lastSequence: 2n ** 62n } })
  await prisma.apiToken.create({
    data: { name: 'a', tokenHash: 'a'.repeat(64), scopes: ['READ', 'DEPLOY'], createdBy: 'x' },
  })
}

describe.each(await testDatabaseKinds())('the reader on %s', (kind) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(kind)
    await fill(database)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const statementsOf = async (work: () => Promise<unknown>) => {
    const query = vi.spyOn(pg.Client.prototype, 'query')
    try {
      await work()
      return query.mock.calls.length
    } finally {
      query.mockRestore()
    }
  }
  const readAll = async (model: ModelName, table: string, selection: Selection) => {
    const read = database.reader.rowsOf(model, selection)
    return (await read(Prisma.sql`select * from ${Prisma.raw(table)}`, [], Prisma.empty)).map(({ row }) => row)
  }
  const delegateOf = (model: string) =>
    Reflect.get(database.prisma, `${model.charAt(0).toLowerCase()}${model.slice(1)}`) as Delegate

  test('gives what Prisma gives, for all models and random relations', async () => {
    const { models: tables } = Reflect.get(database.prisma, '_runtimeDataModel') as {
      models: Record<ModelName, { dbName: string }>
    }
    const differing: string[] = []
    const compare = async (model: ModelName, include: Include) => {
      const expected = await delegateOf(model).findMany(Object.keys(include).length > 0 ? { include } : {})
      const rows = await readAll(model, tables[model].dbName, { include })
      if (!isDeepStrictEqual(unordered(rows), unordered(expected)))
        differing.push(`${model} ${JSON.stringify(include)}`)
    }
    for (const model of Object.keys(tables) as ModelName[]) await compare(model, {})
    const random = randomOf(20_261_130)
    for (let tree = 0; tree < TREES; tree += 1) {
      const model = (['Deployment', 'TrainingJob', 'Model', 'SourceState'] as const)[tree % 4] ?? 'Model'
      await compare(model, randomInclude(model, 2, random))
    }
    expect(differing).toEqual([])
  })

  test('reads the named columns and the key, and a column that was not loaded is an error', async () => {
    const { reader, prisma } = database
    const { id, versionNumber } = await prisma.deployment.findFirstOrThrow()
    const of = new Map([
      ['Deployment', new Set(['versionNumber'])],
      ['Model', new Set(['name'])],
    ])
    const columns = { name: 'few', of, whole: new Set(['TrainingJob']) }
    const row = await reader.find('Deployment', { id }, { include: { model: true, trainingJob: true }, columns })
    expect({ ...row }).toEqual({
      id,
      versionNumber,
      model: { id: expect.any(String) as string, name: expect.any(String) as string },
      trainingJob: await prisma.trainingJob.findFirst({ where: { deployments: { some: { id } } } }),
    })
    expect(() => row?.status).toThrow('Deployment.status was not loaded')
  })

  test('looks up what is asked at once in one statement, each row for whoever asked', async () => {
    const { reader, prisma } = database
    const ids = (await prisma.deployment.findMany({ select: { id: true } })).map(({ id }) => id)
    const unknown = '00000000-0000-4000-8000-000000000000'
    let found: (string | undefined)[] = []
    const statements = await statementsOf(async () => {
      const rows = await Promise.all([...ids, unknown, ...ids].map((id) => reader.find('Deployment', { id })))
      found = rows.map((row) => row?.id)
    })
    expect(found).toEqual([...ids, undefined, ...ids])
    expect(statements).toBe(1)
    expect(await reader.find('Model', { name: "no such ' model" })).toBeNull()
  })

  test('refuses what it does not read', async () => {
    const include = { deployments: { take: 1 } } as unknown as Include
    await expect(database.reader.find('Model', { name: 'x' }, { include })).rejects.toThrow('without take')
    await expect(database.reader.find('Model', { id: 'no uuid' })).rejects.toMatchObject({ code: '22P02' })
    // The connection is fine afterwards.
    expect(await database.reader.find('Model', { name: 'x' })).toBeNull()
  })

  test.runIf(kind === 'postgres')('keeps some statements prepared on a connection, and no more', async () => {
    const { reader, pool } = database
    const prepared = async () => (await pool.query('select 1 from pg_prepared_statements')).rowCount
    for (let n = 0; n < MAX_PREPARED + 5; n += 1) {
      const statement = Prisma.sql`select ${Prisma.raw(String(n))} + ${n}::int`
      for (const _again of [1, 2]) expect(await reader.query(statement, ([sum]) => sum)).toEqual([String(2 * n)])
    }
    expect(await prepared()).toBe(MAX_PREPARED)
    // What pg itself keeps of them, on whichever connection they ran.
    const client = await pool.connect()
    const { connection } = client as unknown as { connection: { parsedStatements: object } }
    client.release()
    expect(Object.keys(connection.parsedStatements).length).toBeLessThanOrEqual(MAX_PREPARED)
  })

  test.runIf(kind === 'postgres')(
    'reads on where prepared statements get lost, and prepares none from then on',
    async () => {
      const { reader, pool } = database
      const onEach = async (statement: string) => {
        const clients = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()))
        const answers = await Promise.all(clients.map((client) => client.query(statement)))
        for (const client of clients) client.release()
        return answers
      }
      const read = () => reader.query(Prisma.sql`select ${'a'}::text`, ([text]) => text)
      await Promise.all(Array.from({ length: pool.totalCount }, read))
      await onEach('deallocate all')
      expect([await read(), await read()]).toEqual([['a'], ['a']])
      for (const { rowCount } of await onEach('select 1 from pg_prepared_statements')) expect(rowCount).toBe(0)
    },
  )
})
