/** What kept a scrape from an answer that can be used. */
export type ScrapeFailureReason =
  | 'NOT_ALLOWED'
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'REDIRECTED'
  | 'UNAUTHORIZED'
  | 'STATUS'
  | 'NOT_METRICS'
  | 'TRUNCATED'
  | 'TOO_LARGE'

/** The message is one sentence that says what is wrong and what would be right; it holds no secret. */
export class ScrapeFailedError extends Error {
  override name = 'ScrapeFailedError'
  readonly reason: ScrapeFailureReason

  constructor(reason: ScrapeFailureReason, message: string) {
    super(message)
    this.reason = reason
  }
}
