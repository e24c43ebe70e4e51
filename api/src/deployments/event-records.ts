import {
  type Deployment,
  type DeploymentEvent,
  Prisma,
  type PrismaClient,
  type Reader,
  type Selection,
  type Transaction,
} from '@gaugeline/prisma'
import type { Bus, DeploymentEventRecord } from '../bus/bus.ts'
import type { Cursors } from '../live/cursors.ts'
import type { EventReader } from '../live/event-log.ts'
import type { Page, PageRequest } from '../base/page.ts'
import { uuidV7 } from '../base/uuid.ts'
import { countOf, pageOf } from '../lists/paging.ts'
import type { WebhookOutbox } from '../webhooks/outbox.ts'
import type { Act } from './deployment-checks.ts'
import { type EventFilter, type EventOrder, eventPageCursor, eventSource } from './event-filter.ts'

/** Of the only row, `where id = 1`: takes the number of the next event, and locks it. */
export const TAKE_SEQUENCE = Prisma.sql`update log_state set last_sequence = last_sequence + 1`

/** An event in a transaction, to be told once that is committed. */
export interface AppendedEvent {
  event: DeploymentEventRecord
  hasDeliveries: boolean
}

type NewEvent = Omit<DeploymentEventRecord, 'sequence' | 'id'>

export interface EventRecordsOptions {
  prisma: PrismaClient
  reader: Reader
  outbox: WebhookOutbox
  cursors: Cursors
  bus: Bus
}

/** The stored lifecycle events. They outlive their deployments. */
export class EventRecords implements EventReader {
  readonly #prisma: PrismaClient
  readonly #reader: Reader
  readonly #outbox: WebhookOutbox
  readonly #cursors: Cursors
  readonly #bus: Bus

  constructor({ prisma, reader, outbox, cursors, bus }: EventRecordsOptions) {
    this.#prisma = prisma
    this.#reader = reader
    this.#outbox = outbox
    this.#cursors = cursors
    this.#bus = bus
  }

  /**
   * Numbers and writes an event. The lock on the only row of log_state lasts until the transaction ends, so sequences
   * follow the commit order and have no gaps. Call it last: concurrent changes wait for this lock.
   * @param taken the number of the event, where an earlier statement has taken it by `TAKE_SEQUENCE`
   */
  async append(tx: Transaction, event: NewEvent, taken?: number): Promise<AppendedEvent> {
    const sequence = taken ?? (await takeSequence(tx))
    const record = { ...event, sequence, id: uuidV7() }
    const { id, kind, at, by, note, deploymentId, modelName, versionNumber } = record
    // A statement of its own: it sees the webhooks of those who had the lock before.
    const insert = Prisma.sql`
      insert into deployment_events (sequence, id, kind, at, by, note, deployment_id, model_name, version_number)
      values (${sequence}::bigint, ${id}::uuid, ${kind}::"DeploymentEventKind", ${at}::timestamptz, ${by}::text,
        ${note}::text, ${deploymentId}::uuid, ${modelName}::text, ${versionNumber}::int)`
    return { event: record, hasDeliveries: await this.#outbox.addDeploymentEvent(tx, record, insert) }
  }

  /** Tells everybody of an event. Call it after the commit. */
  tell({ event, hasDeliveries }: AppendedEvent): void {
    this.#bus.publish('deploymentEvent', event)
    if (hasDeliveries) this.#outbox.announce()
  }

  async head(): Promise<number> {
    const state = await this.#prisma.logState.findUnique({ where: { id: 1 }, select: { lastSequence: true } })
    return Number(state?.lastSequence ?? 0)
  }

  async after(sequence: number, limit: number, deploymentId?: string): Promise<DeploymentEventRecord[]> {
    const events = await this.#prisma.deploymentEvent.findMany({
      where: { sequence: { gt: sequence }, ...(deploymentId === undefined ? {} : { deploymentId }) },
      orderBy: { sequence: 'asc' },
      take: limit,
    })
    return events.map(toRecord)
  }

  /**
   * Events that meet both filters. `after` and `before` may also be cursors of the log, as events and webhooks have
   * them.
   * @throws RefusedError BAD_USER_INPUT, CURSOR_INVALID
   */
  async list(
    filters: readonly EventFilter[],
    order: EventOrder | null | undefined,
    page: PageRequest,
    selection?: Selection,
  ): Promise<Page<DeploymentEvent>> {
    const [after, before] = await Promise.all([this.#pageCursor(page.after), this.#pageCursor(page.before)])
    return pageOf(
      this.#reader.rowsOf('DeploymentEvent', selection),
      eventSource(filters, order),
      { ...page, after, before },
      () => countOf(this.#reader, eventSource(filters)),
    )
  }

  async #pageCursor(cursor: string | null | undefined): Promise<string | null | undefined> {
    if (cursor == null || !this.#cursors.isEvent(cursor)) return cursor
    const position = this.#cursors.readEvent(cursor, await this.head())
    const { sequence, hasEntry } = position
    if (hasEntry) position.requireSame((await this.after(sequence - 1, 1))[0])
    return eventPageCursor(sequence)
  }
}

async function takeSequence(tx: Transaction): Promise<number> {
  const [{ sequence }] = await tx.$queryRaw<[{ sequence: number }]>`
    ${TAKE_SEQUENCE} where id = 1 returning last_sequence::float8 as sequence`
  return sequence
}

/** The event of a change that somebody made. */
export function lifecycleEvent(
  kind: DeploymentEvent['kind'],
  { id, versionNumber, model }: Pick<Deployment, 'id' | 'versionNumber'> & { model: { name: string } },
  at: Date,
  { by, note }: Act,
): NewEvent {
  return { kind, at, by, note: note ?? null, deploymentId: id, modelName: model.name, versionNumber }
}

function toRecord(event: DeploymentEvent): DeploymentEventRecord {
  return { ...event, sequence: Number(event.sequence) }
}
