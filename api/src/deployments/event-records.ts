import type { DeploymentEvent, Prisma, PrismaClient } from '@gaugeline/prisma'
import type { DeploymentEventRecord } from '../bus/bus.ts'
import type { EventReader } from '../live/event-log.ts'
import { type Keyset, type Page, type PageRequest, pageOf } from '../base/paging.ts'
import type { WebhookOutbox } from '../webhooks/outbox.ts'

/** Event sequences are bigints in the database and safe integers here: at three a second, for 95 million years. */
const NEWEST_FIRST: Keyset<DeploymentEvent> = {
  name: 'event',
  columns: [{ path: ['sequence'], direction: 'desc', type: 'number', value: (event) => Number(event.sequence) }],
}

type NewEvent = Omit<DeploymentEventRecord, 'sequence' | 'id'>

/** The stored lifecycle events. They outlive their deployments. */
export class EventRecords implements EventReader {
  readonly #prisma: PrismaClient

  readonly #outbox: WebhookOutbox

  constructor(prisma: PrismaClient, outbox: WebhookOutbox) {
    this.#prisma = prisma
    this.#outbox = outbox
  }

  /**
   * Numbers and writes an event. The lock on the only row of log_state lasts until the transaction ends, so sequences
   * follow the commit order and have no gaps. Call it last: concurrent changes wait for this lock.
   */
  async append(tx: Prisma.TransactionClient, event: NewEvent): Promise<DeploymentEventRecord> {
    const { lastSequence } = await tx.logState.update({
      where: { id: 1 },
      data: { lastSequence: { increment: 1 } },
      select: { lastSequence: true },
    })
    const record = toRecord(await tx.deploymentEvent.create({ data: { ...event, sequence: lastSequence } }))
    await this.#outbox.addDeploymentEvent(tx, record)
    return record
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

  list(deploymentId: string | null, page: PageRequest): Promise<Page<DeploymentEvent>> {
    const { deploymentEvent } = this.#prisma
    const filter = deploymentId === null ? {} : { deploymentId }
    return pageOf(
      NEWEST_FIRST,
      page,
      ({ where, orderBy, take }) => deploymentEvent.findMany({ where: { AND: [where, filter] }, orderBy, take }),
      () => deploymentEvent.count({ where: filter }),
    )
  }
}

function toRecord(event: DeploymentEvent): DeploymentEventRecord {
  return { ...event, sequence: Number(event.sequence) }
}
