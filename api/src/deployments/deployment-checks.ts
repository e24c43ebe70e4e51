import type { Prisma } from '@gaugeline/prisma'
import { InputChecks } from '../base/input-checks.ts'
import { MAX_BULK_CHANGES } from '../base/limits.ts'
import { checkMetadata, checkMetadataUpdate, type ObjectMetadata } from '../base/object-metadata.ts'
import { checkIdempotencyKey, type IdempotencyKey } from '../idempotency/idempotency.ts'
import { DeploymentNotFoundError, DuplicateActiveDeploymentError } from './deployment.errors.ts'

const MAX_NOTE = 500

/** Who makes a change, and why: recorded in its event. */
export interface Act {
  by: string
  note?: string | null | undefined
}

/** How a deployment is made, beside its job. */
export interface NewDeployment extends Act, ObjectMetadata {}

export function checkNewDeployment(given: NewDeployment, idempotencyKey: IdempotencyKey | undefined): void {
  const checks = new InputChecks()
  checks.text(['note'], given.note, { max: MAX_NOTE })
  checkMetadata(checks, given)
  checkIdempotencyKey(checks, idempotencyKey)
  checks.done()
}

export function checkUpdate(metadata: ObjectMetadata): void {
  const checks = new InputChecks()
  checkMetadataUpdate(checks, metadata)
  checks.done()
}

/** @param ids of a bulk change */
export function checkNote({ note }: Act, ids?: readonly string[]): void {
  const checks = new InputChecks()
  checks.text(['note'], note, { max: MAX_NOTE })
  if (ids && (ids.length < 1 || ids.length > MAX_BULK_CHANGES)) {
    checks.add(['deploymentIds'], `must have 1 to ${MAX_BULK_CHANGES} ids, not ${ids.length}.`)
  }
  checks.done()
}

export async function lockDeployment(tx: Prisma.TransactionClient, id: string) {
  await tx.$queryRaw`select 1 from deployments where id = ${id}::uuid for update`
  const deployment = await tx.deployment.findUnique({ where: { id }, include: { model: true } })
  if (!deployment) throw new DeploymentNotFoundError()
  return deployment
}

export async function refuseSecondActive(prisma: Prisma.TransactionClient, trainingJobId: string): Promise<void> {
  const active = await prisma.deployment.findFirst({ where: { trainingJobId, status: 'ACTIVE' } })
  if (active) throw new DuplicateActiveDeploymentError(active)
}
