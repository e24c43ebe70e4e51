import type { Viewer } from '../base/viewer.ts'
import { builder } from '../graphql/builder.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import type { IdempotencyKey } from './idempotency.ts'
import { IdempotencyConflictError } from './idempotency.errors.ts'

builder.objectType(IdempotencyConflictError, {
  name: 'IdempotencyConflictError',
  description: 'You used this idempotency key for another call, or for a call whose result has been deleted since.',
  interfaces: [ErrorInterface],
})

export const IDEMPOTENCY_KEY = `Makes the call safe to repeat: 1 to 200 printable ASCII characters of your choice, such as a UUID.
For 24 hours, a call with the same key and the same input returns the object that the first call created, in its current state, and creates nothing new.`

/** The idempotency key of a call, if it has one. */
export function idempotencyKeyOf(viewer: Viewer, key: string | null | undefined): IdempotencyKey | undefined {
  return key == null ? undefined : { caller: viewer.key, key }
}
