import { AddressGuard } from '../outbound/address-guard.ts'
import { allowedHosts } from '../outbound/public-addresses.ts'
import type { Clock } from '../base/clock.ts'
import { ScrapeChecks } from '../sources/scrape-checks.ts'
import { targetHosts } from '../sources/scrape-url.ts'
import { DeploymentSources } from './deployment-sources.ts'
import { Deployments, type DeploymentsOptions } from './deployments.ts'
import { SourceChanges } from './source-changes.ts'

/** All targets are looked up at once after a start. */
const MAX_WAITING_LOOKUPS = 5_000

export interface CreateDeploymentsOptions extends Omit<DeploymentsOptions, 'clock' | 'hosts'> {
  clock: Clock
  recordingClock: Clock
  /** The entries of SCRAPE_ALLOWED_HOSTS. */
  mayBeScraped: readonly string[]
  /** Called for each attempt to write what became of a source that failed. */
  onChangeError: (error: unknown) => void
}

export interface CreatedDeployments {
  deployments: Deployments
  sources: DeploymentSources
  sourceChanges: SourceChanges
  /** For all that is scraped. */
  scrapeGuard: AddressGuard
}

/** What changes deployments and their sources, and tells what becomes of them. Starts nothing. */
export function createDeployments(options: CreateDeploymentsOptions): CreatedDeployments {
  const { prisma, events, clock, recordingClock, mayBeScraped, onChangeError } = options
  const changes = { ...options, clock: recordingClock, hosts: targetHosts(mayBeScraped) }
  const scrapeGuard = new AddressGuard(allowedHosts(mayBeScraped), { maxWaiting: MAX_WAITING_LOOKUPS })
  return {
    deployments: new Deployments(changes),
    sources: new DeploymentSources({ ...changes, checks: new ScrapeChecks(scrapeGuard, clock) }),
    sourceChanges: new SourceChanges({ prisma, events, onError: onChangeError }),
    scrapeGuard,
  }
}
