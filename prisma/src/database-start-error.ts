/** The database cannot be opened. The message is one line: what is wrong, and what to do about it. */
export class DatabaseStartError extends Error {
  override readonly name = 'DatabaseStartError'

  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(message), options)
  }
}

/** The message of anything thrown, on one line. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ')
  return oneLine(error instanceof Error ? error.message : String(error))
}

/** What the system or the database calls an error, like `ENOENT`; of several, the first one. */
export function codeOf(error: unknown): unknown {
  if (error instanceof AggregateError && !('code' in error)) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
