import type { InputChecks } from './input-checks.ts'
import { checkLabels, type Label, labelTexts } from './labels.ts'

/** How callers find an object again. What is left out, a new object lacks, and an update leaves as it is. */
export interface ObjectMetadata {
  /** What another system calls the object; in an update, an empty text removes it. */
  externalId?: string | null | undefined
  labels?: readonly Label[] | null | undefined
}

/** Printable ASCII without a space at either end, where nobody would see it. */
const EXTERNAL_ID = /^(?! )[\x20-\x7e]{1,200}(?<! )$/

export function checkMetadata(checks: InputChecks, { externalId, labels }: ObjectMetadata): void {
  if (externalId != null && !EXTERNAL_ID.test(externalId)) {
    checks.add(
      ['externalId'],
      'must have 1 to 200 printable ASCII characters, without a space at the beginning or end.',
    )
  }
  checkLabels(checks, labels)
}

export function checkMetadataUpdate(checks: InputChecks, { externalId, labels }: ObjectMetadata): void {
  checkMetadata(checks, { externalId: externalId === '' ? null : externalId, labels })
}

/** The columns to write. */
export function metadataColumns({ externalId, labels }: ObjectMetadata): {
  externalId?: string | null
  labels?: string[]
} {
  return {
    ...(externalId == null ? {} : { externalId: externalId === '' ? null : externalId }),
    ...(labels == null ? {} : { labels: labelTexts(labels) }),
  }
}
