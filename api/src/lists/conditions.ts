import { Prisma, type Reader } from '@gaugeline/prisma'
import { type CreatedFilter, storableTime } from '../base/created-filter.ts'
import { checkSearch } from '../base/text-search.ts'

/**
 * Whether a text contains `search`, ignoring case. `%`, `_` and `\` belong to the pattern of ILIKE.
 * @throws RefusedError BAD_USER_INPUT
 */
export function containing(text: Prisma.Sql, search: string): Prisma.Sql {
  checkSearch(search)
  return Prisma.sql`${text} ilike ${`%${search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`}`
}

/** The conditions on a table `t`; `matchesCreated` has the same for rows in memory. */
export function whereCreated({ createdBy, createdAfter, createdBefore }: CreatedFilter): {
  by: Prisma.Sql[]
  at: Prisma.Sql[]
} {
  return {
    by: createdBy ? [Prisma.sql`t.created_by = ${createdBy}`] : [],
    at: [
      ...(createdAfter ? [Prisma.sql`t.created_at >= ${storableTime(createdAfter)}`] : []),
      ...(createdBefore ? [Prisma.sql`t.created_at < ${storableTime(createdBefore)}`] : []),
    ],
  }
}

/**
 * The rows `t` of a table that have all of these labels (as they are stored): as a condition, or as a table of its own
 * if there are few.
 */
export async function rowsWithLabels(
  reader: Reader,
  table: Prisma.Sql,
  texts: readonly string[],
  few: number,
): Promise<{ labelled: Prisma.Sql; from: null } | { labelled: null; from: Prisma.Sql }> {
  const labelled = Prisma.sql`t.labels @> ${[...texts]}::text[]`
  const [found = 0] = await reader.query(
    Prisma.sql`select count(*) from (select 1 from ${table} where ${labelled} limit ${few + 1}) found`,
    ([count]) => Number(count),
  )
  if (found > few) return { labelled, from: null }
  return { labelled: null, from: Prisma.sql`(select * from ${table} where ${labelled} offset 0) t` }
}
