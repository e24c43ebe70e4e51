import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { completedJob, createTestDeps } from '../../test/create-test-deps.ts'
import {
  type DeploymentFilter,
  type DeploymentOrder,
  type DeploymentWithNames,
  filterKey,
  matcherOf,
} from './deployment-filter.ts'
import type { Deployments } from './deployments.ts'

const by = 'amira'
const NOBODY = '00000000-0000-4000-8000-000000000000'
/** One deployment per row: its model and its training job. */
const NAMES = [
  ['team/alpha', '100% done'],
  ['team/alpha', '100x done'],
  ['team/Alpha', 'a_b'],
  ['a_b', 'axb'],
  ['a.b', 'back\\slash'],
  ['a-b', 'back slash'],
  ['m', 'Ärger'],
  ['m', 'ärger im Straßenbau'],
  ['m', 'ΟΔΟΣ'],
  ['m', 'οδος'],
  ['m', 'İstanbul'],
  ['m', 'ЖУК 模型 🦀'],
  ['m', "it's; drop table deployments --"],
] as const

const hour = (number: number) => new Date(Date.UTC(2026, 10, 1, number))

describe.each(await testDatabaseKinds())('the filter of deployments on %s', (kind) => {
  let database: TestDatabase
  let all: DeploymentWithNames[]
  let deployments: Deployments
  let asked = 0

  beforeAll(async () => {
    database = await createTestDatabase(kind)
    const deps = await createTestDeps(database)
    deployments = deps.services.deployments
    for (const [index, [model, job]] of NAMES.entries()) {
      const labels = [
        { key: 'team', value: index % 2 === 0 ? 'even' : 'odd' },
        ...(index % 3 === 1 ? [{ key: 'third', value: '' }] : []),
      ]
      const jobId = await completedJob(deps, model, job)
      const source = [null, { report: {} }, { scrape: { url: 'https://gpu.example/metrics' } }][index % 3]
      const { id } = await deployments.deploy(jobId, { by: index < 5 ? by : 'boris', labels, source })
      await database.prisma.deployment.update({ where: { id }, data: { createdAt: hour(index) } })
      if (index % 3 === 0) await deployments.pause(id, { by })
    }
    all = await database.prisma.deployment.findMany({
      include: { model: true, trainingJob: true },
      orderBy: { key: 'asc' },
    })
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const fromDatabase = async (filter: DeploymentFilter) => {
    const inOrder = (field: DeploymentOrder['field']) =>
      deployments.list(filter, { field, direction: 'ASC' }, { first: 100 })
    const { edges, totalCount } = await inOrder('CREATED_AT')
    expect([filter, await totalCount()]).toEqual([filter, edges.length])
    const ids = edges.map(({ node }) => node.id)
    // In another order they are the same.
    asked += 1
    const other = await inOrder((['VERSION', 'MODEL', 'STATUS_CHANGED_AT'] as const)[asked % 3] ?? 'MODEL')
    expect([filter, other.edges.map(({ node }) => node.id).toSorted()]).toEqual([filter, ids.toSorted()])
    return ids
  }
  const fromMemory = (filter: DeploymentFilter) => all.filter(matcherOf(filter)).map(({ id }) => id)
  const namesOf = (ids: string[]) =>
    all.filter(({ id }) => ids.includes(id)).map(({ model, trainingJob }) => `${model.name}: ${trainingJob.name}`)
  /** The deployments a filter finds, the same in the database and in memory. */
  const found = async (filter: DeploymentFilter) => {
    const ids = await fromDatabase(filter)
    expect([filter, namesOf(fromMemory(filter))]).toEqual([filter, namesOf(ids)])
    return namesOf(ids)
  }

  it.each([
    ['%', ['team/alpha: 100% done']],
    ['0% D', ['team/alpha: 100% done']],
    ['_', ['team/Alpha: a_b', 'a_b: axb']],
    ['a_b', ['team/Alpha: a_b', 'a_b: axb']],
    ['A.B', ['a.b: back\\slash']],
    ['\\', ['a.b: back\\slash']],
    ['back\\s', ['a.b: back\\slash']],
    ['\\%', []],
    ['K S', ['a-b: back slash']],
    ['TEAM/ALPHA', ['team/alpha: 100% done', 'team/alpha: 100x done', 'team/Alpha: a_b']],
    ["'; drop", []],
    ["'s; DROP", ["m: it's; drop table deployments --"]],
    ['ÄRGER', ['m: Ärger', 'm: ärger im Straßenbau']],
    ['ärger', ['m: Ärger', 'm: ärger im Straßenbau']],
    ['STRASSE', []],
    ['aSSe', []],
    ['ß', ['m: ärger im Straßenbau']],
    ['οδοσ', ['m: ΟΔΟΣ']],
    ['ΟΔΟΣ', ['m: ΟΔΟΣ']],
    ['ς', ['m: οδος']],
    ['istanbul', ['m: İstanbul']],
    ['жук', ['m: ЖУК 模型 🦀']],
    ['模型 🦀', ['m: ЖУК 模型 🦀']],
  ])('finds %j in a model or a job, as characters and in any case', async (search, names) => {
    expect(await found({ search })).toEqual(names)
  })

  it('gives the same result in memory as in the database, in any combination', async () => {
    const ids = all.slice(2, 9).map(({ id }) => id)
    const filters: DeploymentFilter[] = []
    for (const status of [undefined, null, [], ['ACTIVE'], ['PAUSED'], ['ACTIVE', 'PAUSED']] as const) {
      for (const model of [undefined, null, '', 'm', 'team/alpha', 'TEAM/ALPHA', 'nobody', '%'] as const) {
        const search = [undefined, null, '', 'a', '_', 'O', 'zzz'][filters.length % 7]
        filters.push({ status, model, search }, { status, model, search, ids })
      }
    }
    filters.push({ ids: [] }, { ids: null }, { ids: [NOBODY] }, { ids: [...ids, ...ids, NOBODY] })
    for (const createdBy of [undefined, '', 'AMIRA', 'boris'] as const) {
      for (const createdAfter of [null, new Date('0000-01-01T00:00:00Z'), hour(3)] as const) {
        for (const createdBefore of [undefined, hour(7), new Date('9999-12-31T23:59:59Z')] as const) {
          filters.push({ createdBy, createdAfter, createdBefore })
        }
      }
    }
    for (const labels of [
      [],
      null,
      ['team=even'],
      ['team=odd', 'third='],
      ['third'],
      ['team=ev%'],
      ['team=even', 'x=y'],
    ]) {
      filters.push({ labels }, { labels, status: ['ACTIVE'] }, { labels, search: 'a' })
    }
    for (const source of [[], null, ['SIMULATED'], ['REPORTED', 'SCRAPED']] as const) {
      filters.push({ source }, { source, search: 'a' }, { source, model: 'm' })
    }
    filters.push({ trainingJobId: all[0]!.trainingJobId }, { trainingJobId: NOBODY }, {})
    const counts = new Set<number>()
    for (const filter of filters) counts.add((await found(filter)).length)
    // Filters that always find all or nothing would prove little.
    expect(counts.size).toBeGreaterThan(5)
  })

  it('finds what was created at a time or later, and before another', async () => {
    const ofHours = async (first: number, end: number) => found({ createdAfter: hour(first), createdBefore: hour(end) })
    expect(await ofHours(1, 3)).toEqual(NAMES.slice(1, 3).map(([model, job]) => `${model}: ${job}`))
    expect(await ofHours(3, 3)).toEqual([])
    expect(await found({ createdBy: by })).toHaveLength(5)
  })

  it('finds all deployments without a filter', async () => {
    expect(await found({})).toHaveLength(NAMES.length)
    expect(await deployments.counts(null)).toMatchObject({ total: NAMES.length })
  })
})

describe('the key of a filter', () => {
  const same: [DeploymentFilter, DeploymentFilter][] = [
    [{}, { status: null, model: null, search: null, ids: null }],
    [{}, { model: '', search: '' }],
    [{ status: ['PAUSED', 'ACTIVE', 'PAUSED'] }, { status: ['ACTIVE', 'PAUSED'] }],
    [{ ids: ['b', 'a'] }, { ids: ['a', 'b', 'a'] }],
    [{ search: 'ÄRGER' }, { search: 'ärger' }],
    [{ createdBy: '', createdAfter: null }, { createdBefore: null }],
    [{ createdAfter: hour(1) }, { createdAfter: hour(1) }],
    [{ labels: ['b=2', 'a=1'] }, { labels: ['a=1', 'b=2', 'a=1'] }],
    [{ labels: [] }, {}],
    [{ source: ['SCRAPED', 'REPORTED'] }, { source: ['REPORTED', 'SCRAPED', 'REPORTED'] }],
    [{ source: null }, {}],
  ]
  it.each(same)('is the same for %j and %j, which are equivalent', (one, other) => {
    expect(filterKey(one)).toBe(filterKey(other))
  })

  const different: [DeploymentFilter, DeploymentFilter][] = [
    [{}, { status: [] }],
    [{}, { ids: [] }],
    [{ status: ['ACTIVE'] }, { status: ['PAUSED'] }],
    [{ model: 'm' }, { model: 'M' }],
    [{ model: 'm' }, { search: 'm' }],
    [{ search: 'ΟΔΟΣ' }, { search: 'οδος' }],
    [{ ids: ['a,b'] }, { ids: ['a', 'b'] }],
    [{ labels: ['a=1'] }, { labels: ['a=2'] }],
    [{ labels: ['a=1'] }, {}],
    [{ trainingJobId: 'a' }, {}],
    [{ source: [] }, {}],
    [{ source: ['SCRAPED'] }, { source: ['REPORTED'] }],
    [{ createdBy: 'm' }, { model: 'm' }],
    [{ createdAfter: hour(1) }, { createdAfter: hour(2) }],
    [{ createdAfter: hour(1) }, { createdBefore: hour(1) }],
  ]
  it.each(different)('differs for %j and %j, which are not equivalent', (one, other) => {
    expect(filterKey(one)).not.toBe(filterKey(other))
  })
})
