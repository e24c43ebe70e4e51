import type { Viewer } from '../base/viewer.ts'
import { builder } from '../graphql/builder.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import type { IdempotencyKey } from './idempotency.ts'
import { IdempotencyConflictError } from './idempotency.errors.ts'

builder.objectType(IdempotencyConflictError, {
  name: 'IdempotencyConflictError',
  description: 'The idempotency key named another call of yours, or a call whose result is gone since.',
  interfaces: [ErrorInterface],
})

export const IDEMPOTENCY_KEY = `Makes the call safe to repeat: 1 to 200 printable ASCII characters of your choice, like a UUID.
For 24 hours the same key with the same input gives the object that the first call made, as it is now, and makes nothing new.`

/** The key of a call, when it has one. */
export function idempotencyKeyOf(viewer: Viewer, key: string | null | undefined): IdempotencyKey | undefined {
  return key == null ? undefined : { caller: viewer.key, key }
}
