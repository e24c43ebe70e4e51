import type { PrismaClient } from '@gaugeline/prisma'
import type { Bus } from '../bus/bus.ts'
import type { FleetDirectory } from '../live/fleet.ts'
import { type DeploymentFilter, type DeploymentWithNames, matcherOf } from './deployment-filter.ts'

/** All is read again this often, whatever the bus says. */
const REFRESH_MS = 30_000

export interface ActiveDeploymentsOptions {
  prisma: PrismaClient
  bus: Bus
  onError: (error: unknown) => void
}

/** Every active deployment with its model and training job, in memory: what live views are made from. */
export class ActiveDeployments implements FleetDirectory<DeploymentWithNames, DeploymentFilter> {
  readonly #options: ActiveDeploymentsOptions
  /** Sorted by model, then newest version first. */
  #active: DeploymentWithNames[] = []
  #byId = new Map<string, DeploymentWithNames>()
  /** Which they are, and since when: all that a change can change. */
  #seen: string | null = null
  #listeners = new Set<() => void>()
  #unsubscribe: (() => void) | null = null
  #timer: NodeJS.Timeout | null = null
  #reading = false
  #again = false

  constructor(options: ActiveDeploymentsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#options.bus.subscribe('deploymentEvent', () => this.#refresh())
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MS)
    await this.#readAlone()
  }

  stop(): void {
    this.#unsubscribe?.()
    if (this.#timer) clearInterval(this.#timer)
    this.#again = false
  }

  get size(): number {
    return this.#active.length
  }

  active(filter: DeploymentFilter): DeploymentWithNames[] {
    return this.#active.filter(matcherOf(filter))
  }

  byId(id: string): DeploymentWithNames | undefined {
    return this.#byId.get(id)
  }

  /** Called whenever a deployment became active or stopped being so. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Reads now, or once more after the read under way, which may have begun before the change. */
  #refresh(): void {
    if (this.#reading) this.#again = true
    else this.#readAlone().catch(this.#options.onError)
  }

  /** One read at a time: of two, the older answer could come last. */
  async #readAlone(): Promise<void> {
    this.#reading = true
    try {
      await this.#read()
    } finally {
      this.#reading = false
      if (this.#again) {
        this.#again = false
        this.#refresh()
      }
    }
  }

  async #read(): Promise<void> {
    const active = await this.#options.prisma.deployment.findMany({
      where: { status: 'ACTIVE' },
      include: { model: true, trainingJob: true },
      orderBy: [{ model: { name: 'asc' } }, { versionNumber: 'desc' }],
    })
    this.#active = active.map((deployment) => {
      // What the job's relations would be read as: it trains the same model, and this is its active deployment.
      const trainingJob = { ...deployment.trainingJob, model: deployment.model, deployments: [deployment] }
      return { ...deployment, trainingJob }
    })
    this.#byId = new Map(this.#active.map((deployment) => [deployment.id, deployment]))
    const seen = active.map(({ key, statusChangedAt }) => `${key}:${statusChangedAt.getTime()}`).join()
    if (seen === this.#seen) return
    this.#seen = seen
    for (const listener of this.#listeners) listener()
  }
}
