import type { Deployment } from '@gaugeline/prisma'
import { DomainError } from '../base/errors.ts'
import { type Act, checkNote } from './deployment-checks.ts'

/** What came of one deployment of a bulk change. */
export interface BulkChange {
  id: string
  outcome: Deployment | DomainError
}

/**
 * Changes deployments one after another, each in a transaction of its own: what is changed stays so, and one that
 * cannot be changed does not hold up the others. When the database cannot be reached, the call fails there. A change
 * that was made already changes nothing, so the call can be repeated.
 * @throws InvalidInputError before anything is changed
 */
export async function changeEach(
  ids: readonly string[],
  act: Act,
  change: (id: string) => Promise<Deployment>,
): Promise<BulkChange[]> {
  checkNote(act, ids)
  const changes: BulkChange[] = []
  for (const id of ids) {
    const outcome = await change(id).catch((error: unknown) => {
      if (error instanceof DomainError) return error
      throw error
    })
    changes.push({ id, outcome })
  }
  return changes
}
