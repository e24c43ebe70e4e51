/**
 * The three kinds of errors, each with one home:
 * - expected: a subclass of DomainError, a member of its mutation's result union;
 * - refused: a RefusedError with a code, an entry of `errors` in the answer;
 * - everything else is a fault of ours: masked, logged once.
 */

export type RefusalCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'CURSOR_INVALID'
  | 'LIMIT_EXCEEDED'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'

/** What the caller can't mend by changing a mutation's input; reaches them as an error with this code. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  constructor(
    readonly code: RefusalCode,
    message: string,
    /** After which trying again makes sense. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message)
  }
}

/** What the caller can mend: comes back as data. */
export abstract class DomainError extends Error {}

/** One thing wrong with an input; `path` leads to the field. */
export interface InputIssue {
  path: string[]
  message: string
}

export class InvalidInputError extends DomainError {
  override name = 'InvalidInputError'
  constructor(readonly issues: InputIssue[]) {
    super(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join(' '))
  }
}
