import { DomainError } from '../base/errors.ts'

export class IdempotencyConflictError extends DomainError {
  override name = 'IdempotencyConflictError'

  static otherInput(): IdempotencyConflictError {
    return new IdempotencyConflictError(
      'This idempotency key was already used for a call with another input. Use a new key.',
    )
  }

  static resultGone(): IdempotencyConflictError {
    return new IdempotencyConflictError(
      'This call was made before, but the object that it created is gone. To create another, use a new idempotency key.',
    )
  }
}
