import { randomUUID } from 'node:crypto'
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLSchema, OperationTypeNode } from 'graphql'
import { GraphQLError, execute, getOperationAST } from 'graphql'
import { createYoga } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { anyViewerWith, type Viewer } from '../base/viewer.ts'
import type { RefusedError } from '../base/errors.ts'
import { limitError } from './limit-error.ts'
import type { CostOf } from './operation-cost.ts'
import { MAX_RUNNING_COST } from '../base/limits.ts'
import { SharedSubscriptions } from '../fanout/shared-subscriptions.ts'
import type { Budgets } from './budgets.ts'
import { useLimits, useCosts } from './limit-plugins.ts'
import type { OperationContext, OperationPlugin } from './operation-plugin.ts'
import { PublicErrors } from './public-errors.ts'

/** An operation as its caller wrote it. */
export interface OperationRequest {
  query: string
  operationName?: string | null
  variables?: Record<string, unknown> | null
}

/** What the API gives to this layer: all that is GraphQL about it. */
export interface GraphQLOptions {
  schema: GraphQLSchema
  /** Makes the context of one operation: a plain object, its own properties are what resolvers see. */
  createContext: (viewer: Viewer, requestId: string) => object
  /** Turns errors of parts below into refusals; what it does not know is masked. */
  refusalOf?: (error: unknown) => RefusedError | undefined
  /** What an operation costs, in points, as its caller is told; left out: 1, untold. */
  costOf?: CostOf
  /** What each message of a subscription costs; left out: 1. */
  runningCostOf?: CostOf
  /**
   * Envelop plugins, alike for HTTP, SSE and WebSocket.
   */
  plugins?: readonly OperationPlugin[]
}

/** An operation that is checked and ready to run. */
export interface PreparedOperation {
  args: ExecutionArgs
  /** Undefined when the document does not tell which operation is meant; executing it says so. */
  kind: OperationTypeNode | undefined
  execute: (args: ExecutionArgs) => Promise<Results>
  subscribe: (args: ExecutionArgs) => Promise<Results>
}

/** Yoga with its plugins, behind every transport alike: what a request or a message is, it need not know. */
export interface GraphQLEngine {
  errors: PublicErrors
  shared: SharedSubscriptions
  /** Parses, validates and makes the context; or gives what is wrong with the document. */
  prepare(request: OperationRequest, context: OperationContext): Promise<PreparedOperation | readonly GraphQLError[]>
}

/** What Yoga gives, in graphql-js's own types. */
interface Enveloped {
  parse: (query: string) => DocumentNode
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[]
  contextFactory: () => unknown
  execute: (args: ExecutionArgs) => Results | Promise<Results>
  subscribe: (args: ExecutionArgs) => Results | Promise<Results>
}

export type Results = ExecutionResult | AsyncIterable<ExecutionResult>

// Yoga's own caches count documents only: a thousand of 256 KiB each would be a quarter of a gigabyte.
const MAX_CACHED_DOCUMENT_CHARACTERS = 16_384
const MAX_CACHED_DOCUMENTS = 1_000

export function createGraphQLEngine(options: GraphQLOptions, budgets: Budgets, log: Logger): GraphQLEngine {
  const errors = new PublicErrors({ log, refusalOf: options.refusalOf })
  const shared = new SharedSubscriptions({
    present: (result) => errors.formatted(result, randomUUID()),
    maxCostPerCaller: MAX_RUNNING_COST,
    refusal: (asked) => limitError('running', MAX_RUNNING_COST, asked),
  })
  const yoga = createYoga<OperationContext, object>({
    schema: options.schema,
    context: ({ viewer, requestId }) => options.createContext(viewer, requestId),
    plugins: [
      useGraphQLJs,
      useSharedSubscriptions(shared, options),
      useLimits(budgets),
      useParseErrorCode,
      ...(options.plugins ?? []),
      // Last: it reads variables, whose nesting the others have bounded.
      useCosts(budgets, options.costOf),
    ],
    parserAndValidationCache: { documentCache: smallDocuments<DocumentNode>(), errorCache: smallDocuments<Error>() },
    // PublicErrors does it, the same for every transport.
    maskedErrors: false,
    logging: false,
  })

  return {
    errors,
    shared,
    async prepare({ query, operationName, variables }, context) {
      const enveloped: Enveloped = yoga.getEnveloped(context)
      let document: DocumentNode
      try {
        document = enveloped.parse(query)
      } catch (error) {
        return [errors.error(error, context.requestId)]
      }
      const mistakes = enveloped.validate(options.schema, document)
      if (mistakes.length > 0) return mistakes
      /** What execution itself throws answers its operation, like any other error. */
      async function answered(run: () => Results | Promise<Results>): Promise<Results> {
        try {
          return await run()
        } catch (error) {
          return { errors: [errors.error(error, context.requestId)] }
        }
      }
      return {
        args: {
          schema: options.schema,
          document,
          operationName: operationName ?? undefined,
          variableValues: variables ?? undefined,
          contextValue: await enveloped.contextFactory(),
        },
        kind: getOperationAST(document, operationName)?.operation,
        execute: (args) => answered(() => enveloped.execute(args)),
        subscribe: (args) => answered(() => enveloped.subscribe(args)),
      }
    },
  }
}

/** Yoga brings an executor of its own; the reference implementation is the one we know the rules of. */
const useGraphQLJs: OperationPlugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
}

/** Subscriptions of equal callers are executed once for all of them. */
function useSharedSubscriptions(
  shared: SharedSubscriptions,
  { createContext, runningCostOf }: Pick<GraphQLOptions, 'createContext' | 'runningCostOf'>,
): OperationPlugin {
  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(async (args: ExecutionArgs) => {
        const { viewer } = args.contextValue as OperationContext
        return await shared.subscribe(args, {
          key: viewer.key,
          cost: runningCostOf?.(args) ?? 1,
          access: [...viewer.scopes].toSorted().join(),
          context: () => createContext(anyViewerWith(viewer.scopes), randomUUID()),
        })
      })
    },
  }
}

/** Yoga gives it over HTTP only. */
const useParseErrorCode: OperationPlugin = {
  onParse:
    () =>
    ({ result }) => {
      if (result instanceof GraphQLError) result.extensions['code'] ??= 'GRAPHQL_PARSE_FAILED'
    },
}

/**
 * A cache of the documents used last that leaves large ones out: parsing one again costs its sender, keeping it would
 * cost us.
 */
function smallDocuments<T extends object>() {
  const byText = new LRUCache<string, T>({ max: MAX_CACHED_DOCUMENTS })
  return {
    get: (document: string) => byText.get(document),
    set(document: string, value: T): void {
      // Of the caller, not of the document.
      if (value instanceof GraphQLError && value.extensions['code'] === 'RATE_LIMITED') return
      if (document.length <= MAX_CACHED_DOCUMENT_CHARACTERS) byText.set(document, value)
    },
  }
}
