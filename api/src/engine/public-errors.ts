import type { ExecutionResult, FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { GraphQLError, Kind } from 'graphql'
import type { Logger } from 'pino'
import { DomainError, RefusedError } from '../base/errors.ts'

export interface PublicErrorsOptions {
  log: Logger
  /** Turns errors of parts below (a database that is gone) into refusals; what it does not know is a bug. */
  refusalOf?: ((error: unknown) => RefusedError | undefined) | undefined
}

/**
 * What callers see of errors: refusals and their own mistakes as they are, everything else masked with a request id
 * and logged once. Every answer of every transport passes through here.
 */
export class PublicErrors {
  readonly #log: Logger
  readonly #refusalOf: (error: unknown) => RefusedError | undefined
  /** One bug may fail a hundred list items with the same error. */
  readonly #logged = new WeakSet<object>()

  constructor({ log, refusalOf = () => undefined }: PublicErrorsOptions) {
    this.#log = log
    this.#refusalOf = refusalOf
  }

  /** The result as its caller may see it. */
  formatted(result: ExecutionResult, requestId: string): FormattedExecutionResult {
    if (result.errors === undefined) return { ...result, errors: undefined }
    return { ...result, errors: result.errors.map((error) => this.format(error, requestId)) }
  }

  format(error: unknown, requestId: string): GraphQLFormattedError {
    const { extensions = {}, ...rest } = this.error(error, requestId).toJSON()
    // Where Yoga notes a status, for an HTTP layer of its own.
    const { http: _, ...shown } = extensions
    return { ...rest, extensions: shown }
  }

  /** The error a caller may see for any error at all. */
  error(error: unknown, requestId: string): GraphQLError {
    const root = rootOf(error)
    if (root instanceof GraphQLError && typeof root.extensions.code === 'string') {
      return relocated(root.message, error, { ...root.extensions })
    }
    const refusal = this.refusalOf(root)
    if (refusal !== undefined) return relocated(refusal.message, error, { code: refusal.code })
    // A field without its own union of errors: still the caller's to mend.
    if (root instanceof DomainError) return relocated(root.message, error, { code: 'BAD_USER_INPUT' })
    if (root instanceof GraphQLError && isCallersMistake(error, root)) {
      return relocated(root.message, error, { code: 'BAD_USER_INPUT' })
    }
    this.#logOnce(root, requestId)
    return relocated(`Something went wrong in the server. Its log says more under request ${requestId}.`, error, {
      code: 'INTERNAL',
      requestId,
    })
  }

  /** The refusal that this error is, or stands for. */
  refusalOf(error: unknown): RefusedError | undefined {
    return error instanceof RefusedError ? error : this.#refusalOf(error)
  }

  #logOnce(error: unknown, requestId: string): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#logged.has(error)) return
      this.#logged.add(error)
    }
    this.#log.error({ err: error, requestId }, 'a request failed on our side')
  }
}

/** What was thrown first, below the places graphql-js wrapped around it. */
function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError instanceof Error) root = root.originalError
  return root
}

/**
 * graphql-js's own complaints carry no code. Those without a path came before execution: syntax, validation, variables.
 * During execution, those about an argument's value point at that value; what points at a field, or at nothing, says
 * that a resolver broke the schema.
 */
function isCallersMistake(error: unknown, root: GraphQLError): boolean {
  if (error instanceof GraphQLError && error.path === undefined) return true
  const kind = root.nodes?.[0]?.kind
  return kind !== undefined && kind !== Kind.FIELD
}

/** An error with the place of `at`, but not its cause: what follows must not find the way back to it. */
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
