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

/** What `whereCreated` finds in the database, for rows in memory. */
export function matchesCreated(
  row: { createdBy: string; createdAt: Date },
  { createdBy, createdAfter, createdBefore }: CreatedFilter,
): boolean {
  if (createdBy && row.createdBy !== createdBy) return false
  if (createdAfter && row.createdAt < createdAfter) return false
  return !(createdBefore && row.createdAt >= createdBefore)
}
