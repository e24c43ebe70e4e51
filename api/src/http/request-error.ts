import type { PublicCode } from './responses.ts'

/** A request that is refused for its form, regardless of who sends it. */
export class RequestError extends Error {
  override name = 'RequestError'
  constructor(
    readonly status: 200 | 400 | 405 | 406 | 413 | 415,
    message: string,
    readonly code: PublicCode = 'BAD_REQUEST',
  ) {
    super(message)
  }
}
