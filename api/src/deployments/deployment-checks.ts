import { InputChecks } from '../base/input-checks.ts'
import { labelTexts } from '../base/labels.ts'
import { MAX_BULK_CHANGES } from '../base/limits.ts'
import { checkMetadata, checkMetadataUpdate, type ObjectMetadata } from '../base/object-metadata.ts'
import { checkIdempotencyKey, type IdempotencyKey } from '../idempotency/idempotency.ts'
import type { SourceSettings } from '../recording/sources/source-settings.ts'
import type { TargetHosts } from '../sources/scrape-url.ts'
import { sourceKey } from '../sources/stored-source.ts'
import { checkSource, SIMULATED, type SourceInput } from '../sources/source-settings.ts'

const MAX_NOTE = 500

/** Who makes a change, and why: recorded in its event. */
export interface Act {
  by: string
  note?: string | null | undefined
}

/** How a deployment is made, beside its job. */
export interface NewDeployment extends Act, ObjectMetadata {
  /** Simulated when it is left out. */
  source?: SourceInput | null | undefined
}

/**
 * Returns its source as it is stored.
 * @throws InvalidInputError
 */
export function checkNewDeployment(
  given: NewDeployment,
  idempotencyKey: IdempotencyKey | undefined,
  hosts: TargetHosts,
): SourceSettings {
  const checks = new InputChecks()
  checkNoteOf(checks, given)
  checkMetadata(checks, given)
  const source = given.source == null ? SIMULATED : checkSource(checks, ['source'], given.source, hosts)
  checkIdempotencyKey(checks, idempotencyKey)
  checks.done()
  return source
}

/** Everything that a deploy depends on, without a secret. */
export function deployKey(trainingJobId: string, given: NewDeployment, source: SourceSettings) {
  const { note, externalId, labels } = given
  return {
    trainingJobId,
    note,
    externalId,
    labels: labels && labelTexts(labels),
    source: given.source && sourceKey(source),
  }
}

export function checkNoteOf(checks: InputChecks, { note }: Act): void {
  checks.text(['note'], note, { max: MAX_NOTE })
}

export function checkUpdate(metadata: ObjectMetadata): void {
  const checks = new InputChecks()
  checkMetadataUpdate(checks, metadata)
  checks.done()
}

/** @param ids of a bulk change */
export function checkNote(act: Act, ids?: readonly string[]): void {
  const checks = new InputChecks()
  checkNoteOf(checks, act)
  if (ids && (ids.length < 1 || ids.length > MAX_BULK_CHANGES)) {
    checks.add(['deploymentIds'], `must have 1 to ${MAX_BULK_CHANGES} ids, not ${ids.length}.`)
  }
  checks.done()
}
