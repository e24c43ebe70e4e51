import type { DeploymentEvent, DeploymentEventKind, Prisma } from '@gaugeline/prisma'
import { storableTime } from '../base/created-filter.ts'
import type { Keyset } from '../base/paging.ts'

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

export function whereEvents({ kind, model, deploymentId, by, since }: EventFilter): Prisma.DeploymentEventWhereInput {
  return {
    ...(kind ? { kind: { in: [...kind] } } : {}),
    ...(model ? { modelName: model } : {}),
    ...(deploymentId ? { deploymentId } : {}),
    ...(by ? { by } : {}),
    ...(since ? { at: { gte: storableTime(since) } } : {}),
  }
}

/**
 * The order of the log, newest first by default. A cursor is the same in both directions: a position in the log. Event
 * sequences are bigints in the database and safe integers here: at three a second, for 95 million years.
 */
export function eventKeyset(order: EventOrder | null | undefined): Keyset<Pick<DeploymentEvent, 'sequence'>> {
  const direction = order?.direction === 'ASC' ? 'asc' : 'desc'
  return {
    name: 'event',
    columns: [{ path: ['sequence'], direction, type: 'number', value: ({ sequence }) => Number(sequence) }],
  }
}
