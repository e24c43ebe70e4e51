import type { PrismaClient } from '@gaugeline/prisma'
import { encodeId } from '../base/global-ids.ts'
import type { Part } from '../base/lifecycle.ts'
import { SerialTask } from '../base/serial-task.ts'
import { type Bus, isHealthEvent } from '../bus/bus.ts'
import type { NamedDeployment } from '../live/exposition.ts'
import type { FleetDirectory } from '../live/fleet.ts'
import { versionOf } from '../models/models.ts'
import { type DeploymentFilter, type DeploymentWithNames, matcherOf } from './deployment-filter.ts'

/** All of them are read again this often, whatever the bus says. */
const REFRESH_MS = 30_000

export interface ActiveDeploymentsOptions {
  prisma: PrismaClient
  bus: Bus
  onError: (error: unknown) => void
}

/** Every active deployment with its model and training job, in memory: live views are made from it. */
export class ActiveDeployments implements FleetDirectory<DeploymentWithNames, DeploymentFilter>, Part {
  readonly #options: ActiveDeploymentsOptions
  /** Sorted by model, then newest version first. */
  #active: DeploymentWithNames[] = []
  #byId = new Map<string, DeploymentWithNames>()
  /** Which they are, since when, with which labels and sources: filters read nothing else that can change. */
  #seen: string | null = null
  #listeners = new Set<() => void>()
  #unsubscribe: (() => void)[] = []
  #timer: NodeJS.Timeout | null = null
  #refresh: SerialTask | null = null

  constructor(options: ActiveDeploymentsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { bus, onError } = this.#options
    // One read at a time: of two at once, the older answer could come last.
    const refresh = new SerialTask(() => this.#read(), onError)
    this.#refresh = refresh
    this.#unsubscribe = [
      // Hundreds of sources fail at once with their network.
      bus.subscribe('deploymentEvent', (event) => {
        if (!isHealthEvent(event)) refresh.request()
      }),
      bus.subscribe('deploymentUpdated', () => refresh.request()),
      bus.subscribe('setBack', () => refresh.request()),
      // A completed job can still get other labels; others change several times a second.
      bus.subscribe('trainingJob', ({ trainingJobId }) => {
        if (this.#active.some((deployment) => deployment.trainingJobId === trainingJobId)) refresh.request()
      }),
    ]
    this.#timer = setInterval(() => refresh.request(), REFRESH_MS)
    await refresh.run()
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    if (this.#timer) clearInterval(this.#timer)
    await this.#refresh?.stop()
  }

  get size(): number {
    return this.#active.length
  }

  active(filter: DeploymentFilter): DeploymentWithNames[] {
    return this.#active.filter(matcherOf(filter))
  }

  /** As they are named where there is no GraphQL. */
  named(): NamedDeployment[] {
    return this.#active.map(({ key, id, model, versionNumber }) => ({
      key,
      id: encodeId('Deployment', id),
      model: model.name,
      version: versionOf(versionNumber),
    }))
  }

  byId(id: string): DeploymentWithNames | undefined {
    return this.#byId.get(id)
  }

  /** Calls the listener whenever another set of deployments is active or matches; returns how to unsubscribe. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #read(): Promise<void> {
    const active = await this.#options.prisma.deployment.findMany({
      where: { status: 'ACTIVE' },
      include: { model: true, trainingJob: true },
      orderBy: [{ model: { name: 'asc' } }, { versionNumber: 'desc' }],
    })
    this.#active = active.map((deployment) => {
      // As reading the job's relations would give: it trains the same model, and this is its active deployment.
      const trainingJob = { ...deployment.trainingJob, model: deployment.model, deployments: [deployment] }
      return { ...deployment, trainingJob }
    })
    this.#byId = new Map(this.#active.map((deployment) => [deployment.id, deployment]))
    const seen = JSON.stringify(
      active.map(({ key, statusChangedAt, labels, source }) => [key, statusChangedAt, labels, source]),
    )
    if (seen === this.#seen) return
    this.#seen = seen
    for (const listener of this.#listeners) listener()
  }
}
