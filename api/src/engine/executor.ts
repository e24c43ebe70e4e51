import { randomUUID } from 'node:crypto'
import { type ExecutionArgs, type ExecutionResult, Kind, OperationTypeNode } from 'graphql'
import type { RefusedError } from '../base/errors.ts'
import { CALLS } from '../base/limits.ts'
import { accessOf, anyViewerWith, type Viewer } from '../base/viewer.ts'
import { SharedMember } from '../fanout/shared-group.ts'
import type { SharedSubscriptions } from '../fanout/shared-subscriptions.ts'
import type { Admission } from './admission.ts'
import { type AnswerBody, answerBody, type AnswerText, answerText } from './answer-body.ts'
import { CALL_KINDS, Calls } from './calls.ts'
import { runningOperation } from './document-memory.ts'
import { executeOperation } from './execution/execute-operation.ts'
import type { CostOf } from './operation-cost.ts'
import type { OperationContext } from './operation-plugin.ts'
import type { PublicErrors } from './public-errors.ts'
import type { RequestBytes } from './request-bytes.ts'
import { keyOfQuery } from './shareable-query.ts'
import { SharedReads } from './shared-reads.ts'
import { checkValues } from './well-formed-values.ts'

/** What answers an operation: one text, or the messages of a group that the caller is now a member of. */
export type Answer = { kind: 'text'; text: AnswerText } | { kind: 'shared'; member: SharedMember }

/** Who is to read several answers over one connection, and may not do so as fast as they are made. */
export interface AnswerReader {
  readonly isFarBehind: boolean
  /** @throws RefusedError when there is no reader any more */
  untilTaken(): Promise<void>
}

/** An operation whose document is valid. */
export interface Operation {
  args: ExecutionArgs
  /** Undefined when the document does not say which operation is meant; executing it reports the error. */
  kind: OperationTypeNode | undefined
  context: OperationContext
  /** Of the request. */
  bytes: number
}

export interface ExecutorOptions {
  /**
   * Makes the context of one operation: a plain object whose own properties are what resolvers see.
   * @param lane whose turns its pages take; the viewer's own when left out
   */
  createContext: (viewer: Viewer, requestId: string, lane?: string) => object
  /** What each message of a subscription costs; 1 when left out. */
  runningCostOf?: CostOf
  /** Called when an operation has been answered, or its subscription has started; `unknown`: it was not understood. */
  onOperation?: (type: OperationTypeNode | 'unknown', isSuccess: boolean) => void
}

interface ExecutorParts {
  errors: PublicErrors
  admission: Admission
  requests: RequestBytes
  shared: SharedSubscriptions
}

/** What came of an operation, for all who share it. */
interface Executed {
  result: ExecutionResult
  /** Made by the first of them. */
  body?: AnswerBody
  isForAll?: true
}

/** In place of an answer for several callers, when it asked who is calling: each of them needs one of its own. */
const OF_CALLER = Symbol('of the caller')
/** In place of an answer: its turn came while its reader was far behind. */
const BEHIND = Symbol('behind')
type Shared = Executed | typeof OF_CALLER | typeof BEHIND

/** How much of equal answers one caller is given at a time. */
const MAX_SHARED_BYTES = 1024 * 1024

/** What remains of the arguments of a subscription once its group has them: transports hold on to them. */
const NO_DOCUMENT = { kind: Kind.DOCUMENT, definitions: [] } as const

/** Executes valid operations: within the limits of their callers, and equal ones together. */
export class Executor {
  readonly #options: ExecutorOptions
  readonly #parts: ExecutorParts
  readonly #calls = new Calls()
  readonly #reads = new SharedReads<Shared>({
    calls: this.#calls,
    maxServed: (answer) => this.#maxServed(answer),
    unavailableIn: (answer) => (typeof answer === 'symbol' ? undefined : this.#unavailableIn(answer)),
  })

  constructor(options: ExecutorOptions, parts: ExecutorParts) {
    this.#options = options
    this.#parts = parts
  }

  /**
   * Answers a query or mutation.
   * @param reader of the answer; while it is far behind, the operation lets others go first
   */
  async execute(operation: Operation, reader?: AnswerReader): Promise<AnswerText> {
    const { admission } = this.#parts
    const { args, kind, context } = operation
    const { viewer, requestId } = context
    let cost: number | undefined
    const admit = () => (cost ??= admission.admit(args, viewer))
    const executed = await this.#answered(operation, async () => {
      // Before the key is made, which holds the variables: they must not be nested too deeply.
      checkValues(args)
      const key = keyOfQuery(args, viewer)
      return key === undefined
        ? await this.#executeAlone(operation, reader, admit)
        : await this.#executeShared(key, operation, reader, admit)
    })
    this.#options.onOperation?.(kind ?? 'unknown', executed.result.errors === undefined)
    const extensions = cost === undefined ? undefined : admission.extensions(cost, viewer)
    return answerText(this.#bodyOf(executed, requestId), extensions)
  }

  async subscribe(operation: Operation): Promise<Answer> {
    const { admission, shared } = this.#parts
    const { createContext, runningCostOf, onOperation } = this.#options
    const { args, context } = operation
    const { viewer, requestId } = context
    const answer = await this.#answered(operation, async () =>
      this.#call('subscription', viewer, async () => {
        admission.admitSubscription(args, viewer)
        const running = runningOperation({ ...args, contextValue: this.#contextOf(context) })
        const subscribed = await shared.subscribe(running.args, {
          key: viewer.key,
          cost: runningCostOf?.(args) ?? 1,
          bytes: running.bytes,
          access: accessOf(viewer),
          context: () => createContext(anyViewerWith(viewer.scopes), randomUUID()),
        })
        return subscribed instanceof SharedMember ? subscribed : { result: subscribed }
      }),
    )
    onOperation?.(OperationTypeNode.SUBSCRIPTION, answer instanceof SharedMember)
    if (!(answer instanceof SharedMember)) {
      return { kind: 'text', text: answerText(this.#bodyOf(answer, requestId)) }
    }
    Object.assign(args, { document: NO_DOCUMENT, variableValues: undefined })
    return { kind: 'shared', member: answer }
  }

  /** What is thrown before or by the execution itself becomes the answer, like any other error. */
  async #answered<T>({ context, bytes }: Operation, work: () => Promise<T>): Promise<T | Executed> {
    const { errors, requests } = this.#parts
    try {
      return await requests.during(context.viewer.key, bytes, work)
    } catch (error) {
      return { result: { errors: [errors.error(error, context.requestId)] } }
    }
  }

  async #executeAlone(operation: Operation, reader?: AnswerReader, admit?: () => void): Promise<Executed> {
    for (;;) {
      await reader?.untilTaken()
      const executed = await this.#call(operation.kind ?? 'query', operation.context.viewer, async () => {
        if (reader?.isFarBehind === true) return BEHIND
        admit?.()
        return await this.#execute(operation)
      })
      if (executed !== BEHIND) return executed
    }
  }

  /** Answers a query together with equal ones. */
  async #executeShared(
    key: string,
    operation: Operation,
    reader: AnswerReader | undefined,
    admit: () => void,
  ): Promise<Executed> {
    const caller = operation.context.viewer.key
    return await this.#reads.during(caller, async () => {
      admit()
      for (;;) {
        await reader?.untilTaken()
        const answer = await this.#reads.read(key, caller, async (callers, asked) => {
          if (asked > 1) return await this.#executeForAll(operation, callers)
          return reader?.isFarBehind === true ? BEHIND : await this.#execute(operation)
        })
        if (answer === OF_CALLER) return await this.#executeAlone(operation, reader)
        const isTooEarly = answer === BEHIND || (answer.isForAll === true && reader?.isFarBehind === true)
        if (!isTooEarly) return answer
      }
    })
  }

  async #execute({ args, context }: Operation): Promise<Executed> {
    return { result: await executeOperation({ ...args, contextValue: this.#contextOf(context) }) }
  }

  /** Executes a query for several callers of equal access, or for one that asked several times. */
  async #executeForAll({ args, context }: Operation, callers: readonly string[]): Promise<Executed | typeof OF_CALLER> {
    let isOfCaller = false
    const anyone = anyViewerWith(context.viewer.scopes, () => (isOfCaller = true))
    // Of several callers, none should wait for the pages of another.
    const contextValue = this.#options.createContext(anyone, randomUUID(), callers.toSorted().join())
    const result = await executeOperation({ ...args, contextValue })
    return isOfCaller ? OF_CALLER : { result, isForAll: true }
  }

  /** As many at once as if each had been a call of its own; more of them where they are small. */
  #maxServed(answer: Shared): number {
    if (typeof answer === 'symbol') return Infinity
    if (answer.result.errors !== undefined) return CALLS.queries.atOnce
    return Math.max(CALLS.queries.atOnce, Math.floor(MAX_SHARED_BYTES / this.#bodyOf(answer, '').head.length))
  }

  #contextOf({ viewer, requestId, lastEventId }: OperationContext): object {
    return { ...this.#options.createContext(viewer, requestId), lastEventId }
  }

  /** Runs when it is the caller's turn. */
  async #call<T extends SharedMember | Executed | typeof BEHIND>(
    kind: keyof typeof CALL_KINDS,
    { key }: Viewer,
    work: () => Promise<T>,
  ): Promise<T> {
    return await this.#calls.run(CALL_KINDS[kind], key, async () => {
      const answer = await work()
      const unavailable = typeof answer === 'object' && 'result' in answer ? this.#unavailableIn(answer) : undefined
      // Before the next one begins, which would wait for the database as long as this one has.
      if (unavailable !== undefined) this.#calls.refuseWaiting(CALL_KINDS[kind], key, unavailable)
      return answer
    })
  }

  /** The refusal that says so, if the database did not answer. */
  #unavailableIn({ result }: Executed): RefusedError | undefined {
    const found = result.errors?.map(({ originalError }) => this.#parts.errors.refusalOf(originalError))
    return found?.find((refusal) => refusal?.code === 'UNAVAILABLE')
  }

  #bodyOf(executed: Executed, requestId: string): AnswerBody {
    // Errors may name the request.
    if (executed.result.errors !== undefined)
      return answerBody(this.#parts.errors.formatted(executed.result, requestId))
    executed.body ??= answerBody({ data: executed.result.data })
    return executed.body
  }
}
