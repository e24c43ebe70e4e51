import { Prisma, type Deployment, type Model, type PrismaClient, type Reader } from '@gaugeline/prisma'
import { idsOf } from '../lists/paging.ts'
import type { DeploymentHistory, History, HistoryRange, MetricsHistory } from '../samples/history.ts'
import type { MembersSince } from '../samples/history-plan.ts'
import { type DeploymentFilter, deploymentSource, filterKey } from './deployment-filter.ts'

/** Rows that one statement reads. */
const CHUNK_ROWS = 1000

const EMPTY_FILTER = filterKey({})

/** A history, and the deployment that its end belongs to; null for several. */
export type HistoryOf = (DeploymentHistory & { deploymentId: string }) | (History & { deploymentId: null })

/** Looks back over deployments, models and the fleet. */
export class DeploymentHistories {
  readonly #prisma: PrismaClient
  readonly #reader: Reader
  readonly #history: MetricsHistory

  constructor(prisma: PrismaClient, reader: Reader, history: MetricsHistory) {
    this.#prisma = prisma
    this.#reader = reader
    this.#history = history
  }

  /** @throws RefusedError BAD_USER_INPUT for a range that is empty or out of bounds */
  async ofDeployment({ id, key }: Pick<Deployment, 'id' | 'key'>, range: HistoryRange): Promise<HistoryOf> {
    return Object.assign(await this.#history.ofDeployment(key, range), { deploymentId: id })
  }

  /** All deployments of a model, deleted ones included. @throws RefusedError like `ofDeployment` */
  async ofModel({ id, key }: Pick<Model, 'id' | 'key'>, range: HistoryRange): Promise<HistoryOf> {
    return Object.assign(await this.#history.ofModel(key, this.#members(id), range), { deploymentId: null })
  }

  /**
   * The deployments that match, merged. Of a model alone and of the whole fleet, deleted ones are included.
   * @throws RefusedError like `ofDeployment`, and LIMIT_EXCEEDED for more than can be read
   */
  async ofFleet(filter: DeploymentFilter, range: HistoryRange): Promise<HistoryOf> {
    return Object.assign(await this.#ofFleet(filter, range), { deploymentId: null })
  }

  async #ofFleet(filter: DeploymentFilter, range: HistoryRange): Promise<History> {
    const key = filterKey(filter)
    if (key === EMPTY_FILTER) return await this.#history.ofFleet(this.#members(), range)
    if (filter.model && key === filterKey({ model: filter.model })) {
      const model = await this.#prisma.model.findUnique({ where: { name: filter.model } })
      if (model) return await this.#history.ofModel(model.key, this.#members(model.id), range)
    }
    return await this.#history.ofDeployments((sinceMs) => this.#matching(filter, sinceMs), range)
  }

  /** The keys of those that match and have recorded anything since. */
  async #matching(filter: DeploymentFilter, fromMs: number): Promise<number[]> {
    const keys: number[] = []
    for await (const ids of idsOf(this.#reader, await deploymentSource(this.#reader, filter), CHUNK_ROWS)) {
      const rows = await this.#prisma.$queryRaw<{ key: number }[]>`
        select d.key from unnest(${ids}::uuid[]) i cross join lateral (
          select key from deployments where id = i limit 1
        ) d where (select last_window_end from sample_heads where deployment_key = d.key limit 1) > ${new Date(fromMs)}`
      keys.push(...rows.map(({ key }) => key))
    }
    return keys
  }

  /** The deployments, of one model or of all, that have recorded anything since a time. */
  #members(modelId?: string): MembersSince {
    // Each in the order of an index.
    const [place, ofModel] =
      modelId === undefined
        ? [Prisma.sql`d.key`, Prisma.empty]
        : [Prisma.sql`d.version_number`, Prisma.sql`d.model_id = ${modelId}::uuid and`]
    return async (sinceMs) => {
      const keys: number[] = []
      for (let after = -1; ;) {
        const rows = await this.#prisma.$queryRaw<{ key: number; place: number; isRecent: boolean }[]>`
          with c as materialized (
            select d.key, ${place} as place from deployments d where ${ofModel} ${place} > ${after}
            order by ${place} limit ${CHUNK_ROWS}
          ) select c.*, coalesce((select last_window_end from sample_heads where deployment_key = c.key limit 1)
            > ${new Date(sinceMs)}, false) as "isRecent" from c order by place`
        for (const { key, isRecent } of rows) if (isRecent) keys.push(key)
        const last = rows.at(-1)
        if (!last || rows.length < CHUNK_ROWS) return keys
        after = last.place
      }
    }
  }
}
