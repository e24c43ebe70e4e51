import { type DeploymentEventKind, Prisma } from '@gaugeline/prisma'
import { storableTime } from '../base/created-filter.ts'
import { cursorOf } from '../lists/page-cursors.ts'
import type { Keyset, ListSource } from '../lists/chunks.ts'
import { startingWith } from '../lists/paging.ts'

export interface EventFilter {
  kind?: readonly DeploymentEventKind[] | null | undefined
  /** A model's name. */
  model?: string | null | undefined
  /** A uuid. */
  deploymentId?: string | null | undefined
  /** A caller's name. */
  by?: string | null | undefined
  /** Inclusive. */
  since?: Date | null | undefined
}

export interface EventOrder {
  field: 'AT'
  direction: 'ASC' | 'DESC'
}

/** The name of the order, in its cursors. */
const EVENTS = 'event'
const FROM = Prisma.sql`deployment_events t`

/** What a list of events reads: those that meet all of the filters. */
export function eventSource(filters: readonly EventFilter[], order?: EventOrder | null): ListSource {
  const of = <K extends keyof EventFilter>(name: K, condition: (value: NonNullable<EventFilter[K]>) => Prisma.Sql) =>
    filters.flatMap(({ [name]: value }) => (value ? [condition(value)] : []))
  const conditions = {
    deploymentId: of('deploymentId', (id) => Prisma.sql`t.deployment_id = ${id}::uuid`),
    model: of('model', (model) => Prisma.sql`t.model_name = ${model}`),
    by: of('by', (by) => Prisma.sql`t.by = ${by}`),
    kind: of('kind', (kinds) => Prisma.sql`t.kind = any(${[...kinds]}::"DeploymentEventKind"[])`),
    since: of('since', (since) => Prisma.sql`t.at >= ${storableTime(since)}`),
  }
  return { keyset: eventKeyset(order), from: FROM, ...startingWith(conditions, ['deploymentId', 'model', 'by'], []) }
}

/**
 * The order of the log, newest first by default. A cursor is the same in both directions: a position in the log. Event
 * sequences are bigints in the database and safe integers here: at three a second, for 95 million years.
 */
function eventKeyset(order: EventOrder | null | undefined): Keyset {
  const direction = order?.direction === 'ASC' ? 'asc' : 'desc'
  return { name: EVENTS, direction, columns: [{ sql: Prisma.sql`t.sequence`, type: 'number' }] }
}

/** The cursor of a page at a position in the log. */
export function eventPageCursor(sequence: number): string {
  return cursorOf(EVENTS, [sequence])
}
