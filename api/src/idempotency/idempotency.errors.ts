import { DomainError } from '../base/errors.ts'

export class IdempotencyConflictError extends DomainError {
  override name = 'IdempotencyConflictError'

  static otherInput(): IdempotencyConflictError {
    return new IdempotencyConflictError('This idempotency key was used for a call with another input. Use a new one.')
  }

  static resultGone(): IdempotencyConflictError {
    return new IdempotencyConflictError(
      'This call was made before, and what it created is gone. To create it again, use a new idempotency key.',
    )
  }
}
