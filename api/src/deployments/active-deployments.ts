import { Prisma, type Reader } from '@gaugeline/prisma'
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
  reader: Reader
  bus: Bus
  onError: (error: unknown) => void
}

/** Which deployments were changed since they were read. */
interface Outdated {
  all: boolean
  ids: Set<string>
}

/** Every active deployment with its model and training job, in memory: live views are made from it. */
export class ActiveDeployments implements FleetDirectory<DeploymentWithNames, DeploymentFilter>, Part {
  readonly #options: ActiveDeploymentsOptions
  /** Sorted by model, then newest version first. */
  #active: DeploymentWithNames[] = []
  #byId = new Map<string, DeploymentWithNames>()
  /** What is to be read again. */
  #outdated: Outdated = { all: true, ids: new Set() }
  #isKnown = false
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
    const refreshOne = (id: string) => {
      this.#outdated.ids.add(id)
      refresh.request()
    }
    const refreshAll = () => {
      this.#outdated.all = true
      refresh.request()
    }
    this.#unsubscribe = [
      // Hundreds of sources fail at once with their network.
      bus.subscribe('deploymentEvent', (event) => {
        if (!isHealthEvent(event)) refreshOne(event.deploymentId)
      }),
      bus.subscribe('deploymentUpdated', ({ deploymentId }) => refreshOne(deploymentId)),
      bus.subscribe('setBack', refreshAll),
      // A completed job can still get other labels; others change several times a second.
      bus.subscribe('trainingJob', ({ trainingJobId }) => {
        const deployment = this.#active.find((each) => each.trainingJobId === trainingJobId)
        if (deployment) refreshOne(deployment.id)
      }),
    ]
    this.#timer = setInterval(refreshAll, REFRESH_MS)
    this.#outdated.all = true
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
    const outdated = this.#outdated
    this.#outdated = { all: false, ids: new Set() }
    try {
      if (outdated.all) this.#set(await this.#stored(Prisma.sql`status = 'ACTIVE'`))
      else await this.#readAgain(outdated.ids)
    } catch (error) {
      this.#outdated.all = true
      throw error
    }
  }

  /** With a thousand that are active, reading all of them for each that is deployed would cost more than the deploy. */
  async #readAgain(ids: ReadonlySet<string>): Promise<void> {
    const read = await this.#stored(Prisma.sql`status = 'ACTIVE' and id = any(${[...ids]}::uuid[])`)
    const models = new Map(read.map(({ model }) => [model.id, model]))
    const others = this.#active
      .filter(({ id }) => !ids.has(id))
      .map((deployment) => {
        const model = models.get(deployment.modelId)
        return model === undefined ? deployment : withNames({ ...deployment, model })
      })
    this.#set([...others, ...read])
  }

  async #stored(where: Prisma.Sql): Promise<DeploymentWithNames[]> {
    const rowsOf = this.#options.reader.rowsOf('Deployment', { include: { model: true, trainingJob: true } })
    const active = await rowsOf(Prisma.sql`select * from deployments where ${where}`, [], Prisma.empty)
    return active.map(({ row }) => withNames(row as DeploymentWithNames))
  }

  #set(active: DeploymentWithNames[]): void {
    const before = this.#active
    this.#active = active.toSorted(byModel)
    this.#byId = new Map(this.#active.map((deployment) => [deployment.id, deployment]))
    const isSame = before.length === active.length && this.#active.every((each, at) => looksLike(each, before[at]))
    if (this.#isKnown && isSame) return
    this.#isKnown = true
    for (const listener of this.#listeners) listener()
  }
}

/** As reading the job's relations would give: it trains the same model, and this is its active deployment. */
function withNames(deployment: DeploymentWithNames): DeploymentWithNames {
  const trainingJob = { ...deployment.trainingJob, model: deployment.model, deployments: [deployment] }
  return { ...deployment, trainingJob }
}

function byModel(a: DeploymentWithNames, b: DeploymentWithNames): number {
  if (a.model.name !== b.model.name) return a.model.name < b.model.name ? -1 : 1
  return b.versionNumber - a.versionNumber
}

/** Whether it is the same one, active since then, with these labels and this source: filters read nothing else that can change. */
function looksLike(a: DeploymentWithNames, b: DeploymentWithNames | undefined): boolean {
  if (a === b) return true
  return (
    a.key === b?.key &&
    a.statusChangedAt.getTime() === b.statusChangedAt.getTime() &&
    a.source === b.source &&
    a.labels.join('\n') === b.labels.join('\n')
  )
}
