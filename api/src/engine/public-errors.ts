import type { ExecutionResult, FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { GraphQLError, Kind } from 'graphql'
import type { Logger } from 'pino'
import { DomainError, RefusedError } from '../base/errors.ts'

interface PublicErrorsOptions {
  log: Logger
  /**
   * Turns errors of the layers below (a database that is unreachable) into refusals; anything it does not know is a
   * bug.
   */
  refusalOf?: ((error: unknown) => RefusedError | undefined) | undefined
  /** Called with the code of each error that is shown to a caller, or to all members of a group at once. */
  onError?: ((code: string) => void) | undefined
}

/**
 * What callers see of errors: refusals and their own mistakes as they are; everything else is masked with a request id
 * and logged once. Every answer of every transport passes through here.
 */
export class PublicErrors {
  readonly #log: Logger
  readonly #refusalOf: (error: unknown) => RefusedError | undefined
  readonly #onError: (code: string) => void
  /** The request that an error was last logged for. One bug may fail a hundred list items with the same error. */
  readonly #logged = new WeakMap<object, string>()

  constructor({ log, refusalOf = () => undefined, onError = () => undefined }: PublicErrorsOptions) {
    this.#log = log
    this.#onError = onError
    this.#refusalOf = refusalOf
  }

  /** Formats a result as its caller may see it. */
  formatted(result: ExecutionResult, requestId: string): FormattedExecutionResult {
    if (result.errors === undefined) return { ...result, errors: undefined }
    return { ...result, errors: result.errors.map((error) => this.format(error, requestId)) }
  }

  format(error: unknown, requestId: string): GraphQLFormattedError {
    const { extensions = {}, ...rest } = this.error(error, requestId).toJSON()
    // Yoga notes a status there for its own HTTP layer, which we do not use.
    const { http: _, ...shown } = extensions
    this.#onError(String(shown['code']))
    return { ...rest, extensions: shown }
  }

  /** Turns any error into the one that its caller may see. */
  error(error: unknown, requestId: string): GraphQLError {
    const root = rootOf(error)
    if (root instanceof GraphQLError && typeof root.extensions.code === 'string') {
      return relocated(shortened(root.message), error, { ...root.extensions })
    }
    const refusal = this.refusalOf(root)
    if (refusal !== undefined) return graphQLErrorOf(refusal, error)
    // The field has no result union to put it in, but it is still the caller who can correct it.
    if (root instanceof DomainError) return relocated(root.message, error, { code: 'BAD_USER_INPUT' })
    if (root instanceof GraphQLError && isCallersMistake(error, root)) {
      // The outermost message names the variable and the path in it, before what is wrong there.
      const { message } = error instanceof GraphQLError ? error : root
      return relocated(shortened(message), error, { code: 'BAD_USER_INPUT' })
    }
    this.#logOnce(root, requestId)
    return relocated(`Something went wrong in the server. Its log says more under request ${requestId}.`, error, {
      code: 'INTERNAL',
      requestId,
    })
  }

  /** The refusal that this error is, or that it means. */
  refusalOf(error: unknown): RefusedError | undefined {
    return error instanceof RefusedError ? error : this.#refusalOf(error)
  }

  #logOnce(error: unknown, requestId: string): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#logged.get(error) === requestId) return
      this.#logged.set(error, requestId)
    }
    this.#log.error({ err: error, requestId }, 'a request failed on our side')
  }
}

/**
 * The one place where a refusal becomes an error of GraphQL.
 * @param at the error as graphql-js located it
 */
export function graphQLErrorOf(refusal: RefusedError, at?: unknown): GraphQLError {
  return relocated(refusal.message, at, { ...refusal.extensions })
}

/** What was thrown originally, below the locations that graphql-js wrapped around it. */
function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError instanceof Error) root = root.originalError
  return root
}

/**
 * The errors that graphql-js makes itself carry no code. Those without a path were made before execution: by parsing,
 * validation or the coercion of variables. During execution, an error about an argument's value points at that value;
 * one that points at a field, or at nothing, means that a resolver broke the schema.
 */
function isCallersMistake(error: unknown, root: GraphQLError): boolean {
  if (error instanceof GraphQLError && error.path === undefined) return true
  const kind = root.nodes?.[0]?.kind
  return kind !== undefined && kind !== Kind.FIELD
}

const MAX_QUOTED = 100
const MAX_VALUE = 300
const MAX_MESSAGE = 1_000
/** What graphql-js quotes: names, paths, and strings as JSON. */
const QUOTED = /"([^"\\]*(?:\\[^][^"\\]*)*)"/g
/** What it says of a variable: the value, where in the variable that is, and what is wrong with it. */
const INVALID_VALUE = /^(Variable "[^"]*" got invalid value )([^]*?)((?: at "[^"]*")?; )([^]*)$/

/** graphql-js repeats a value as often and as long as it was sent; a message keeps its beginning and its end. */
function shortened(message: string): string {
  const text = message
    .replace(QUOTED, (quoted, inner: string) =>
      inner.length > MAX_QUOTED ? `"${inner.slice(0, MAX_QUOTED)}…"` : quoted,
    )
    .replace(
      INVALID_VALUE,
      (_, variable: string, value: string, at: string, reason: string) =>
        variable + cut(value, MAX_VALUE) + at + cut(reason, MAX_VALUE),
    )
  return cut(text, MAX_MESSAGE)
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max / 2)} … ${text.slice(-max / 2)}` : text
}

/** An error with the location of `at` but without its cause, so that nothing downstream can leak the original error. */
function relocated(message: string, at: unknown, extensions: GraphQLError['extensions']): GraphQLError {
  if (!(at instanceof GraphQLError)) return new GraphQLError(message, { extensions })
  return new GraphQLError(message, {
    nodes: at.nodes ?? null,
    source: at.source,
    positions: at.positions ?? null,
    path: at.path ?? null,
    extensions,
  })
}
