import type { Deployment, Prisma, PrismaClient } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import { InputChecks } from '../base/input-checks.ts'
import { TRANSACTION } from '../base/transaction.ts'
import type { SourceSettings } from '../recording/sources/source-settings.ts'
import type { ScrapeCheck } from '../sources/scrape-check.ts'
import type { ScrapeChecks } from '../sources/scrape-checks.ts'
import type { TargetHosts } from '../sources/scrape-url.ts'
import { HEALTH_COLUMNS, type StoredHealth } from '../sources/shown-source.ts'
import { checkScrape, checkSource, type ScrapeInput, type SourceInput } from '../sources/source-settings.ts'
import { isSameSource, sourceColumns, storedSource, withKeptSecret } from '../sources/stored-source.ts'
import { type Act, checkNoteOf } from './deployment-checks.ts'
import { lockDeployment } from './deployment-rows.ts'
import { DeploymentNotFoundError } from './deployment.errors.ts'
import { type EventRecords, lifecycleEvent } from './event-records.ts'

export interface DeploymentSourcesOptions {
  prisma: PrismaClient
  events: EventRecords
  checks: ScrapeChecks
  hosts: TargetHosts
  clock: Clock
}

/** Owns where the metrics of a deployment come from, once it is deployed. */
export class DeploymentSources {
  readonly #options: DeploymentSourcesOptions

  constructor(options: DeploymentSourcesOptions) {
    this.#options = options
  }

  /**
   * Gives a deployment another source, active or paused. The same source changes nothing.
   * @throws DeploymentNotFoundError, InvalidInputError
   */
  async update(id: string, input: SourceInput, act: Act): Promise<Deployment> {
    const { prisma, events, hosts, clock } = this.#options
    const checks = new InputChecks()
    checkNoteOf(checks, act)
    const given = checkSource(checks, ['source'], input, hosts)
    checks.done()
    const { deployment, event } = await prisma.$transaction(async (tx) => {
      const locked = await lockDeployment(tx, id)
      const before = storedSource(locked)
      const source = withKeptSecret(given, before, ['source', 'scrape'])
      if (isSameSource(before, source)) return { deployment: locked, event: null }
      const at = new Date(clock.now())
      const changed = await tx.deployment.update({
        where: { id },
        data: sourceColumns(source),
        include: { model: true },
      })
      await beginSource(tx, changed.key, before, source, at)
      return { deployment: changed, event: await events.append(tx, lifecycleEvent('SOURCE_CHANGED', changed, at, act)) }
    }, TRANSACTION)
    // Whoever records reads the source again at once.
    if (event) events.tell(event)
    return deployment
  }

  /**
   * Reads the metrics of a target once and stores nothing.
   * @param id the deployment whose secret is sent when none is given, to the same server only
   * @throws DeploymentNotFoundError, InvalidInputError, ScrapeError
   */
  async check(input: ScrapeInput, id?: string): Promise<ScrapeCheck> {
    const { prisma, hosts } = this.#options
    const checks = new InputChecks()
    const given = checkScrape(checks, ['scrape'], input, hosts)
    checks.done()
    if (id === undefined) return this.#options.checks.run(given)
    const deployment = await prisma.deployment.findUnique({ where: { id } })
    if (!deployment) throw new DeploymentNotFoundError()
    return this.#options.checks.run(withKeptSecret(given, storedSource(deployment), ['scrape']))
  }

  /** What is stored of how the sources of these deployments are doing; those without a row are absent. */
  async health(deploymentKeys: readonly number[]): Promise<Map<number, StoredHealth>> {
    const rows = await this.#options.prisma.sourceState.findMany({
      where: { deploymentKey: { in: [...deploymentKeys] } },
      select: HEALTH_COLUMNS,
    })
    return new Map(rows.map((row) => [row.deploymentKey, row]))
  }
}

/** A new source counts from anew, and no window holds what two of them have counted. */
async function beginSource(
  tx: Prisma.TransactionClient,
  deploymentKey: number,
  before: SourceSettings,
  source: SourceSettings,
  at: Date,
): Promise<void> {
  // What is drawn or reported is the same in windows of another length.
  if (before.kind === source.kind && source.kind !== 'SCRAPED') return
  // First the head, as the statement that stores samples does. What it still stores is from before; afterwards it
  // refuses windows that began before now.
  await tx.sampleHead.updateMany({
    where: { deploymentKey, recordingSince: { not: null } },
    data: { recordingSince: at },
  })
  await tx.sourceState.deleteMany({ where: { deploymentKey } })
  if (source.kind !== 'SIMULATED') await tx.sourceState.create({ data: { deploymentKey, since: at } })
}
