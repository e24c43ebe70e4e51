/** A request that is refused for its form, regardless of who sends it. */
export class RequestError extends Error {
  override name = 'RequestError'
  constructor(
    readonly status: 400 | 405 | 406 | 413 | 415,
    message: string,
  ) {
    super(message)
  }
}
