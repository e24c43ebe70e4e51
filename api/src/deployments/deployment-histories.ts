import { Prisma, type Deployment, type Model, type PrismaClient } from '@gaugeline/prisma'
import { idsOf } from '../lists/paging.ts'
import type { DeploymentHistory, History, HistoryRange, MembersSince, MetricsHistory } from '../samples/history.ts'
import { type DeploymentFilter, deploymentSource, filterKey } from './deployment-filter.ts'

/** Rows that one statement reads. */
const CHUNK_ROWS = 1000

const EMPTY_FILTER = filterKey({})

/** A history, and the deployment that its end belongs to; null for several. */
export type HistoryOf = (DeploymentHistory & { deploymentId: string }) | (History & { deploymentId: null })

/** Looks back over deployments, models and the fleet. */
export class DeploymentHistories {
  readonly #prisma: PrismaClient
  readonly #history: MetricsHistory

  constructor(prisma: PrismaClient, history: MetricsHistory) {
    this.#prisma = prisma
    this.#history = history
  }

  /** @throws RefusedError BAD_USER_INPUT for a range that is empty or out of bounds */
  async ofDeployment({ id, key }: Pick<Deployment, 'id' | 'key'>, range: HistoryRange): Promise<HistoryOf> {
    return { ...(await this.#history.ofDeployment(key, range)), deploymentId: id }
  }

  /** All deployments of a model, deleted ones included. @throws RefusedError like `ofDeployment` */
  async ofModel({ id, key }: Pick<Model, 'id' | 'key'>, range: HistoryRange): Promise<HistoryOf> {
    return { ...(await this.#history.ofModel(key, this.#members(id), range)), deploymentId: null }
  }

  /**
   * The deployments that match, merged. Of a model alone and of the whole fleet, deleted ones are included.
   * @throws RefusedError like `ofDeployment`, and LIMIT_EXCEEDED for more than can be read
   */
  async ofFleet(filter: DeploymentFilter, range: HistoryRange): Promise<HistoryOf> {
    return { ...(await this.#ofFleet(filter, range)), deploymentId: null }
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
    for await (const ids of idsOf(this.#prisma, await deploymentSource(this.#prisma, filter), CHUNK_ROWS)) {
      const rows = await this.#prisma.$queryRaw<{ key: number }[]>`
        select d.key from deployments d join sample_heads h on h.deployment_key = d.key
          where d.id = any(${ids}::uuid[]) and h.last_window_end > ${new Date(fromMs)}`
      keys.push(...rows.map(({ key }) => key))
    }
    return keys
  }

  /** The deployments, of one model or of all, that have recorded anything since a time. */
  #members(modelId?: string): MembersSince {
    const ofModel = modelId === undefined ? Prisma.empty : Prisma.sql`and d.model_id = ${modelId}::uuid`
    return async (sinceMs) => {
      const keys: number[] = []
      for (let after = 0; ;) {
        const rows = await this.#prisma.$queryRaw<{ key: number; isRecent: boolean }[]>`
          with c as materialized (
            select d.key from deployments d where d.key > ${after} ${ofModel} order by d.key limit ${CHUNK_ROWS}
          ) select c.key, coalesce(h.last_window_end > ${new Date(sinceMs)}, false) as "isRecent"
            from c left join sample_heads h on h.deployment_key = c.key order by 1`
        for (const { key, isRecent } of rows) if (isRecent) keys.push(key)
        const last = rows.at(-1)
        if (!last || rows.length < CHUNK_ROWS) return keys
        after = last.key
      }
    }
  }
}
