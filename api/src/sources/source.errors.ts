import { DomainError } from '../base/errors.ts'

export type ScrapeFailure =
  | 'NOT_ALLOWED'
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'REDIRECTED'
  | 'UNAUTHORIZED'
  | 'STATUS'
  | 'NOT_METRICS'
  | 'TRUNCATED'
  | 'TOO_LARGE'
  | 'BUSY'

/** A target could not be read: in one sentence what is wrong, and what would be right. */
export class ScrapeError extends DomainError {
  override name = 'ScrapeError'
  constructor(
    readonly reason: ScrapeFailure,
    message: string,
  ) {
    super(message)
  }
}
