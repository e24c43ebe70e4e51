import { DomainError } from './errors.ts'

/** How much of what lasts there may be on the whole server, whoever made it. Each is a setting. */
export interface Quotas {
  activeDeployments: number
  /** Simulated training jobs that are queued or running. */
  simulatedRuns: number
  stepsPerTrainingJob: number
  /** API tokens that are neither revoked nor expired. */
  apiTokens: number
  webhooks: number
}

/** What a QuotaExceededError is about. Webhooks have an error of their own. */
export type QuotaName = 'ACTIVE_DEPLOYMENTS' | 'SIMULATED_RUNS' | 'STEPS_PER_TRAINING_JOB' | 'API_TOKENS'

/** What is full, and what makes room. */
const MESSAGES: Readonly<Record<QuotaName, (max: string) => string>> = {
  ACTIVE_DEPLOYMENTS: (max) => `There can be at most ${max} active deployments. Pause one first.`,
  SIMULATED_RUNS: (max) =>
    `At most ${max} simulated training jobs can be queued or running. Wait until one has finished, or cancel one.`,
  STEPS_PER_TRAINING_JOB: (max) =>
    `The loss curve of a training job can have at most ${max} steps. Report fewer: every tenth step, for example.`,
  API_TOKENS: (max) => `There can be at most ${max} valid API tokens. Revoke one first.`,
}

export class QuotaExceededError extends DomainError {
  override name = 'QuotaExceededError'
  constructor(
    readonly quota: QuotaName,
    readonly max: number,
  ) {
    super(MESSAGES[quota](max.toLocaleString('en-US')))
  }
}

/** The part of a transaction that is used. */
interface Transaction {
  $executeRaw(statement: TemplateStringsArray, ...values: unknown[]): PromiseLike<number>
}

/** Whoever holds the advisory lock with the hash of this text is the only one who takes a place of the quota. */
export function quotaLock(quota: QuotaName): string {
  return `gaugeline ${quota}`
}

/**
 * Takes one of the places of a quota. Until the transaction ends, nobody else can: two could both take the last one.
 * @param count how many are taken, as the transaction sees them; read under the lock
 * @throws QuotaExceededError
 */
export async function takePlace(
  tx: Transaction,
  quota: QuotaName,
  max: number,
  count: () => Promise<number>,
): Promise<void> {
  await tx.$executeRaw`select pg_advisory_xact_lock(hashtext(${quotaLock(quota)}))`
  if ((await count()) >= max) throw new QuotaExceededError(quota, max)
}
