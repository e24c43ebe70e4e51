import { describe, expect, it } from 'vitest'
import { DEFAULT_PAGE, type Keyset, type KeysetQuery, MAX_PAGE, type Page, pageOf, type PageRequest } from './paging.ts'

interface Row {
  id: string
  rank: number
  owner: { name: string }
  finishedAt: Date | null
}

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
/** Rows with many nulls and equal values. */
const rows: Row[] = Array.from({ length: 23 }, (_, n) => ({
  id: id(n),
  rank: n % 4,
  owner: { name: `owner ${n % 3}` },
  finishedAt: n % 5 < 2 ? null : new Date(Date.UTC(2026, 0, 1 + (n % 3))),
}))

const byId = (direction: 'asc' | 'desc') =>
  ({ path: ['id'], direction, type: 'uuid', value: (row: Row) => row.id }) as const
const finished = (direction: 'asc' | 'desc'): Keyset<Row> => ({
  name: `finished-${direction}`,
  columns: [
    { path: ['finishedAt'], direction, type: 'nullable-date', value: (row) => row.finishedAt },
    { path: ['rank'], direction: 'asc', type: 'number', value: (row) => row.rank },
    byId(direction),
  ],
})
const byOwner: Keyset<Row> = {
  name: 'owner',
  columns: [
    { path: ['owner', 'name'], direction: 'asc', type: 'string', value: (row) => row.owner.name },
    byId('desc'),
  ],
}
const keysets = [finished('asc'), finished('desc'), byOwner]

type Value = string | number | Date | null
const plain = (value: unknown): Value => (value instanceof Date ? value.getTime() : (value as Value))
const isCondition = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Date)

/** Evaluates the part of Prisma's query language that paging uses: null is neither less nor greater. */
function matches(row: unknown, where: Record<string, unknown>): boolean {
  return Object.entries(where).every(([key, condition]) => {
    const parts = Array.isArray(condition) ? condition.filter(isCondition) : []
    if (key === 'AND') return parts.every((part) => matches(row, part))
    if (key === 'OR') return parts.some((part) => matches(row, part))
    if (key === 'NOT') return isCondition(condition) && !matches(row, condition)
    const value = (row as Record<string, unknown>)[key]
    if (!isCondition(condition)) return plain(value) === plain(condition)
    const own = plain(value)
    if ('lt' in condition) return own !== null && own < (plain(condition['lt']) ?? 0)
    if ('gt' in condition) return own !== null && own > (plain(condition['gt']) ?? 0)
    return matches(value, condition)
  })
}

function compare(a: unknown, b: unknown, order: Record<string, unknown>): number {
  const [[key, rule] = ['', undefined]] = Object.entries(order)
  const [left, right] = [a, b].map((row) => (row as Record<string, unknown>)[key])
  if (isCondition(rule) && !('sort' in rule)) return compare(left, right, rule)
  const { sort, nulls } = isCondition(rule) ? rule : { sort: rule, nulls: 'last' }
  const [x, y] = [plain(left), plain(right)]
  if (x === y) return 0
  if (x === null || y === null) return (x === null) === (nulls === 'first') ? -1 : 1
  return x < y === (sort === 'asc') ? -1 : 1
}

const findIn =
  (all: readonly Row[], asked: KeysetQuery[] = []) =>
  async (query: KeysetQuery): Promise<Row[]> => {
    asked.push(query)
    const sorted = all
      .filter((row) => matches(row, query.where))
      .toSorted((a, b) => {
        for (const order of query.orderBy) {
          const compared = compare(a, b, order)
          if (compared !== 0) return compared
        }
        return 0
      })
    return sorted.slice(0, query.take)
  }
const page = (keyset: Keyset<Row>, request: PageRequest, all = rows, asked: KeysetQuery[] = []): Promise<Page<Row>> =>
  pageOf(keyset, request, findIn(all, asked), async () => all.length)
const idsOf = ({ edges }: Page<Row>) => edges.map(({ node }) => node.id)
const refused = async (request: PageRequest, keyset = byOwner) => {
  const asked: KeysetQuery[] = []
  const refusal: unknown = await page(keyset, request, rows, asked).catch((error: unknown) => error)
  expect(asked).toEqual([])
  return refusal
}

describe.each(keysets)('paging by $name', (keyset) => {
  it('returns every row once and in order, from either end and for any page size', async () => {
    const whole = idsOf(await page(keyset, { first: 100 }))
    expect(new Set(whole).size).toBe(rows.length)
    for (const size of [1, 2, 7, 22, 23]) {
      const forward: string[] = []
      let after: string | null = null
      do {
        const next: Page<Row> = await page(keyset, { first: size, after })
        forward.push(...idsOf(next))
        expect(next.pageInfo.hasPreviousPage).toBe(after !== null)
        after = next.pageInfo.hasNextPage ? next.pageInfo.endCursor : null
      } while (after !== null)
      expect(forward).toEqual(whole)

      const backward: string[] = []
      let before: string | null = null
      do {
        const next: Page<Row> = await page(keyset, { last: size, before })
        backward.unshift(...idsOf(next))
        expect(next.pageInfo.hasNextPage).toBe(before !== null)
        before = next.pageInfo.hasPreviousPage ? next.pageInfo.startCursor : null
      } while (before !== null)
      expect(backward).toEqual(whole)
    }
  })

  it('continues after any cursor with the rows that follow, and before it with the rows that precede', async () => {
    const { edges } = await page(keyset, { first: 100 })
    const whole = edges.map(({ node }) => node.id)
    for (const [index, { cursor }] of edges.entries()) {
      expect(idsOf(await page(keyset, { first: 100, after: cursor }))).toEqual(whole.slice(index + 1))
      expect(idsOf(await page(keyset, { last: 100, before: cursor }))).toEqual(whole.slice(0, index))
    }
  })

  it('continues at the same place when rows were added and removed, even the row of the cursor', async () => {
    const whole = idsOf(await page(keyset, { first: 100 }))
    const { pageInfo } = await page(keyset, { first: 10 })
    const left = rows.filter((row) => whole.indexOf(row.id) > 9 || whole.indexOf(row.id) % 2 === 0)
    expect(left.some((row) => row.id === whole[9])).toBe(false)
    expect(idsOf(await page(keyset, { first: 100, after: pageInfo.endCursor }, left))).toEqual(whole.slice(10))
  })

  it('returns the rows between two cursors', async () => {
    const { edges } = await page(keyset, { first: 100 })
    const between = await page(keyset, { first: 3, after: edges[4]?.cursor, before: edges[9]?.cursor })
    expect(idsOf(between)).toEqual(edges.slice(5, 8).map(({ node }) => node.id))
    expect(between.pageInfo.hasNextPage).toBe(true)
  })
})

describe('a page', () => {
  it('puts nulls last in either direction', async () => {
    for (const direction of ['asc', 'desc'] as const) {
      const { edges } = await page(finished(direction), { first: 100 })
      const nulls = edges.map(({ node }) => node.finishedAt === null)
      expect(nulls).toEqual(nulls.toSorted((a, b) => Number(a) - Number(b)))
    }
  })

  it('has 20 rows by default, and reads one more to know whether there are more', async () => {
    const asked: KeysetQuery[] = []
    await page(byOwner, {}, rows, asked)
    await page(byOwner, { first: MAX_PAGE }, rows, asked)
    expect(asked.map(({ take }) => take)).toEqual([DEFAULT_PAGE + 1, MAX_PAGE + 1])
  })

  it('has no next or previous page when it holds all rows, and no cursors when it holds none', async () => {
    const { pageInfo, edges } = await page(byOwner, { first: 23 })
    expect(pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor,
      endCursor: edges.at(-1)?.cursor,
    })
    expect((await page(byOwner, {}, [])).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    })
  })

  it.each([
    { first: 0 },
    { first: -1 },
    { first: 101 },
    { last: 0 },
    { last: -5 },
    { last: 101 },
    { first: 1, last: 1 },
  ])('is refused when its size is %j', async (request) => {
    expect(await refused(request)).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  it('is refused for a cursor of another order, with a message that says so', async () => {
    const { pageInfo } = await page(finished('asc'), { first: 1 })
    expect(await refused({ after: pageInfo.endCursor }, finished('desc'))).toMatchObject({
      code: 'CURSOR_INVALID',
      message: expect.stringContaining('another order') as unknown,
    })
  })

  const forged = (...values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url')
  it.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['10 kB', 'A'.repeat(10_240)],
    ['no list', Buffer.from('{"length":4}').toString('base64url')],
    ['null', Buffer.from('null').toString('base64url')],
    ['too few values', forged('finished-asc', null, 1)],
    ['too many values', forged('finished-asc', null, 1, id(1), 1)],
    ['an id that is none', forged('finished-asc', null, 1, "' or 1=1")],
    ['an object for an id', forged('finished-asc', null, 1, { contains: '' })],
    ['a null that cannot be', forged('finished-asc', null, null, id(1))],
    ['a date for a number', forged('finished-asc', null, '1', id(1))],
    ['a number that no int holds', forged('finished-asc', null, 2 ** 31, id(1))],
    ['a fraction', forged('finished-asc', null, 1.5, id(1))],
    ['text for a date', forged('finished-asc', '2026-01-01', 1, id(1))],
    ['a date past all dates', forged('finished-asc', 253_402_300_800_000, 1, id(1))],
    ['a date before all dates', forged('finished-asc', -1, 1, id(1))],
  ])('is refused for a cursor of %s', async (_what, cursor) => {
    for (const request of [{ after: cursor }, { last: 1, before: cursor }]) {
      expect(await refused(request, finished('asc'))).toMatchObject({ code: 'CURSOR_INVALID' })
    }
  })

  it.each([
    ['NUL', 'a\u0000b'],
    ['half a surrogate pair', '\ud800'],
  ])('is refused for a cursor with %s in a text, which no database accepts', async (_what, name) => {
    expect(await refused({ after: forged('owner', name, id(1)) })).toMatchObject({ code: 'CURSOR_INVALID' })
  })
})
