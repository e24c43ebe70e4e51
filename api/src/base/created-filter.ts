/** By whom and when something was created. */
export interface CreatedFilter {
  createdBy?: string | null | undefined
  /** Inclusive. */
  createdAfter?: Date | null | undefined
  /** Exclusive. */
  createdBefore?: Date | null | undefined
}

/** Nothing is created outside; PostgreSQL does not know the year 0. */
const EARLIEST_MS = 0
const LATEST_MS = Date.UTC(2200, 0)

/** The nearest time that can be compared with those in the database. */
export function storableTime(date: Date): Date {
  return new Date(Math.min(Math.max(date.getTime(), EARLIEST_MS), LATEST_MS))
}

/** The filter for Prisma; `matchesCreated` does the same for rows in memory. */
export function whereCreated({ createdBy, createdAfter, createdBefore }: CreatedFilter): {
  createdBy?: string
  createdAt: { gte?: Date; lt?: Date }
} {
  return {
    ...(createdBy ? { createdBy } : {}),
    createdAt: {
      ...(createdAfter ? { gte: storableTime(createdAfter) } : {}),
      ...(createdBefore ? { lt: storableTime(createdBefore) } : {}),
    },
  }
}

export function matchesCreated(
  row: { createdBy: string; createdAt: Date },
  { createdBy, createdAfter, createdBefore }: CreatedFilter,
): boolean {
  if (createdBy && row.createdBy !== createdBy) return false
  if (createdAfter && row.createdAt < createdAfter) return false
  return !(createdBefore && row.createdAt >= createdBefore)
}
