import { randomUUID } from 'node:crypto'
import { getHeapStatistics } from 'node:v8'
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLSchema, OperationTypeNode } from 'graphql'
import { GraphQLError, getOperationAST } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Logger } from 'pino'
import { RefusedError } from '../base/errors.ts'
import { executeOperation } from './execution/execute-operation.ts'
import { limitError, noMemoryLeft } from './limit-error.ts'
import type { CostOf } from './operation-cost.ts'
import {
  MAX_ANSWER_BYTES,
  MAX_RUNNING_COST,
  MAX_SUBSCRIPTIONS_PER_CALLER,
  MAX_WAITING_DOCUMENTS,
  RUNNING_HEAP_PERCENT,
  RUNNING_HEAP_PERCENT_PER_CALLER,
} from '../base/limits.ts'
import { Turns } from '../base/turns.ts'
import { SharedSubscriptions } from '../fanout/shared-subscriptions.ts'
import { Admission } from './admission.ts'
import { answerBody, answerText, type AnswerText } from './answer-body.ts'
import type { Budgets } from './budgets.ts'
import { DocumentCache, NO_CACHE } from './document-cache.ts'
import { type Answer, type AnswerReader, Executor, type ExecutorOptions } from './executor.ts'
import { useLimits } from './limit-plugins.ts'
import type { OperationContext, OperationPlugin } from './operation-plugin.ts'
import { graphQLErrorOf, PublicErrors } from './public-errors.ts'
import { RequestBytes } from './request-bytes.ts'

/** An operation as its caller wrote it. */
export interface OperationRequest {
  query: string
  operationName?: string | null
  variables?: Record<string, unknown> | null
  /** Of the text in which it came. */
  bytes: number
}

/** What the application gives to this layer. */
export interface GraphQLOptions extends ExecutorOptions {
  schema: GraphQLSchema
  /** Turns errors of the layers below into refusals; anything it does not know is masked. */
  refusalOf?: (error: unknown) => RefusedError | undefined
  /** What an operation costs, in points. When left out, it costs 1 and the answer does not say so. */
  costOf?: CostOf
  /** Called with the code of each error that is shown. */
  onError?: (code: string) => void
  /** Envelop plugins, the same for HTTP, SSE and WebSocket. */
  plugins?: readonly OperationPlugin[]
}

/** An operation that is checked and ready to run: its context is made when it runs. */
export interface PreparedOperation {
  args: ExecutionArgs
  /** Undefined when the document does not say which operation is meant. */
  kind: OperationTypeNode | undefined
  /** @param reader of the answer; while it is far behind, the operation lets others go first */
  execute: (args: ExecutionArgs, reader?: AnswerReader) => Promise<AnswerText>
  subscribe: (args: ExecutionArgs) => Promise<Answer>
}

/** Yoga with its plugins, behind every transport. It knows neither requests nor socket messages. */
export interface GraphQLEngine {
  errors: PublicErrors
  shared: SharedSubscriptions
  /** What is being received counts here as well. */
  requests: RequestBytes
  /** Parses and validates, or returns the errors of the document. */
  prepare(request: OperationRequest, context: OperationContext): Promise<PreparedOperation | readonly GraphQLError[]>
  /** What a caller is told of a result. */
  textOf(result: ExecutionResult, requestId: string): AnswerText
}

/** What Yoga returns, in graphql-js's own types. */
interface Enveloped {
  parse: (query: string) => DocumentNode
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[]
}

export function createGraphQLEngine(options: GraphQLOptions, budgets: Budgets, log: Logger): GraphQLEngine {
  const errors = new PublicErrors({ log, refusalOf: options.refusalOf, onError: options.onError })
  const { onOperation = () => undefined } = options
  const shared = new SharedSubscriptions({
    execute: executeOperation,
    present: (result) => errors.formatted(result, randomUUID()),
    tooLarge: (bytes) => graphQLErrorOf(limitError('answerBytes', MAX_ANSWER_BYTES, bytes)),
    maxCostPerCaller: MAX_RUNNING_COST,
    maxPerCaller: MAX_SUBSCRIPTIONS_PER_CALLER,
    maxBytes: shareOfHeap(RUNNING_HEAP_PERCENT),
    maxBytesPerCaller: shareOfHeap(RUNNING_HEAP_PERCENT_PER_CALLER),
    refusal: (limit, max, asked) =>
      graphQLErrorOf(limit === 'allRunningBytes' ? noMemoryLeft(max, asked) : limitError(limit, max, asked)),
  })
  const requests = new RequestBytes()
  const executor = new Executor(options, {
    errors,
    admission: new Admission(budgets, options.costOf),
    requests,
    shared,
  })
  // Yoga's own caches count documents only: a thousand of 256 KiB each would be a gigabyte.
  const documents = new DocumentCache()
  const isNew = (query: string) => documents.get(query) === undefined
  const turns = new Turns({
    maxHeavyWaiting: MAX_WAITING_DOCUMENTS,
    refusal: () =>
      new RefusedError(
        'RATE_LIMITED',
        `${MAX_WAITING_DOCUMENTS} of your documents wait to be parsed. Send fewer new ones at once, and try again in 1 s.`,
        { limit: 'documents', max: MAX_WAITING_DOCUMENTS, retryAfterSeconds: 1 },
      ),
  })
  const yoga = createYoga<OperationContext, object>({
    schema: options.schema,
    plugins: [useLimits(budgets), useParseErrorCode, ...(options.plugins ?? [])],
    parserAndValidationCache: { documentCache: documents, errorCache: NO_CACHE },
    // PublicErrors masks them, the same way for every transport.
    maskedErrors: false,
    logging: false,
  })

  const textOf = (result: ExecutionResult, requestId: string) =>
    answerText(answerBody(errors.formatted(result, requestId)), result.extensions)

  return {
    errors,
    shared,
    requests,
    textOf,
    async prepare({ query, operationName: name, variables, bytes }, context) {
      // Some clients send an empty one for a document that needs none.
      const operationName = name || undefined
      const { key } = context.viewer
      const isHeavy = () => isNew(query)
      let document: DocumentNode | undefined
      try {
        if (!turns.tryTake(isHeavy)) {
          await requests.during(key, bytes, async () => await turns.take(key, isHeavy))
        }
        // One that is kept is valid.
        document = documents.get(query)
        if (document === undefined) {
          const enveloped: Enveloped = yoga.getEnveloped(context)
          document = enveloped.parse(query)
          const mistakes = enveloped.validate(options.schema, document)
          if (mistakes.length > 0) {
            documents.delete(query)
            onOperation('unknown', false)
            return mistakes
          }
        }
      } catch (error) {
        onOperation('unknown', false)
        return [errors.error(error, context.requestId)]
      }
      const kind = getOperationAST(document, operationName)?.operation
      const args: ExecutionArgs = {
        schema: options.schema,
        document,
        operationName,
        variableValues: variables ?? undefined,
      }
      const operation = (own: ExecutionArgs) => ({ args: own, kind, context, bytes })
      return {
        args,
        kind,
        execute: (own, reader) => executor.execute(operation(own), reader),
        subscribe: (own) => executor.subscribe(operation(own)),
      }
    },
  }
}

/** Yoga sets this code over HTTP only. */
const useParseErrorCode: OperationPlugin = {
  onParse:
    () =>
    ({ result }) => {
      if (result instanceof GraphQLError) result.extensions['code'] ??= 'GRAPHQL_PARSE_FAILED'
    },
}

/** In bytes. */
function shareOfHeap(percent: number): number {
  return Math.floor((getHeapStatistics().heap_size_limit * percent) / 100)
}
