/**
 * The three kinds of errors, each with one home:
 * - expected: a subclass of DomainError, a member of its mutation's result union;
 * - refused: a RefusedError with a code, an entry of `errors` in the answer;
 * - everything else is a bug: masked, and logged once.
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

/** What a program can read of a refusal beside its code. */
export interface RefusalDetails {
  /** The name of the limit that was exceeded, as docs/limits.md lists it. */
  limit?: string
  /** The value of that limit. */
  max?: number
  /** How much the caller asked for; a text when it was not counted to the end. */
  asked?: number | string
  /** After how many seconds it makes sense to try again. */
  retryAfterSeconds?: number
}

/**
 * What the caller cannot correct by changing a mutation's input. It reaches them as an error with this code and
 * details.
 */
export class RefusedError extends Error {
  override name = 'RefusedError'
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly details: RefusalDetails = {},
  ) {
    super(message)
  }

  /** The `extensions` of the error in the answer, over every transport. */
  get extensions(): { code: RefusalCode } & RefusalDetails {
    return { code: this.code, ...this.details }
  }
}

/** What the caller can correct: it comes back as data. */
export abstract class DomainError extends Error {}

/** One thing that is wrong with an input; `path` leads to the field. */
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
