import { hash } from 'node:crypto'
import type { DocumentNode, ExecutionArgs, ExecutionResult, FormattedExecutionResult, GraphQLSchema } from 'graphql'
import { createSourceEventStream, getOperationAST, GraphQLError, Kind, print, visit } from 'graphql'
import { ordered } from '../base/canonical-json.ts'
import { MAX_ANSWER_BYTES, SUBSCRIPTION_BYTES } from '../base/limits.ts'
import { belongsToPosition } from './position.ts'
import { SharedGroup, type SharedMember } from './shared-group.ts'
import { SharedMessage } from './shared-message.ts'
import { SharedSource } from './shared-source.ts'

/** How many bytes of messages older than the newest all groups together may keep. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024
/** How many one group may keep: minutes of samples. */
const MAX_KEPT_BYTES_PER_GROUP = 160 * 1024

/** The caller of a subscription. */
interface SharedCaller {
  /** Identifies the caller: the costs of its subscriptions are added up by this key. */
  key: string
  /** What each message of this operation costs, in points. */
  cost: number
  /** The memory that the operation takes while it runs: once, however many subscriptions of the caller are equal. */
  bytes: number
  /** All that messages may depend on: only callers of equal access share a group. */
  access: string
  /** Makes the context of the shared execution. It must hold nothing of this caller but its access. */
  context: () => unknown
}

interface SharedSubscriptionsOptions {
  /** Executes the operation for a message, which is the root value. */
  execute: (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>
  /** Gives what the client may see of a result. Called once for each message. */
  present: (result: ExecutionResult) => FormattedExecutionResult
  /** Makes the error in place of a message that is larger than answers may be. */
  tooLarge: (bytes: number) => GraphQLError
  /** What all groups that one caller is a member of may cost together, in points. */
  maxCostPerCaller: number
  /** How many subscriptions one caller may have, equal ones included. */
  maxPerCaller: number
  /** The memory that the subscriptions of one caller may take, and those of all callers. */
  maxBytesPerCaller: number
  maxBytes: number
  /** Makes the error for a caller that would exceed one of them. */
  refusal: (limit: RunningLimit, max: number, asked: number) => GraphQLError
}

type RunningLimit = 'running' | 'callerSubscriptions' | 'runningBytes' | 'allRunningBytes'

/** The groups that one caller is a member of: how many times, what each of them costs, and what memory it takes. */
interface Memberships {
  /** Of all groups together. */
  count: number
  cost: number
  bytes: number
  groups: Map<string, { count: number; cost: number; bytes: number }>
}

/**
 * Subscriptions of the same document, variables (cursors aside) and access are one group: executed and serialised once
 * for all that follow. Whoever joins later is given what belongs to a position as it was made, and the rest anew. The
 * `subscribe` function of every subscription field returns a SharedSource.
 *
 * The same document means the same text, because errors carry locations in it.
 */
export class SharedSubscriptions {
  readonly #options: SharedSubscriptionsOptions
  readonly #groups = new Map<string, SharedGroup<unknown>>()
  /** By caller. */
  readonly #memberships = new Map<string, Memberships>()
  /** Parsed documents are cached, so the same ones come again and again. */
  readonly #digests = new WeakMap<DocumentNode, string>()
  #members = 0
  /** Of all callers. */
  #bytes = 0

  constructor(options: SharedSubscriptionsOptions) {
    this.#options = options
  }

  /** How many groups and members there are, for `/metrics`. */
  get counts(): { groups: number; members: number } {
    return { groups: this.#groups.size, members: this.#members }
  }

  /** The memory that all subscriptions count for. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Subscribes as graphql-js does: arguments, access and cursor are checked for this caller. Answers with a member of a
   * group, or with the errors that prevent the subscription.
   */
  async subscribe(args: ExecutionArgs, caller: SharedCaller): Promise<SharedMember | ExecutionResult> {
    const source = await createSourceEventStream(args)
    if (!(Symbol.asyncIterator in source)) return source
    if (!(source instanceof SharedSource)) throw new Error('A subscription field must return a SharedSource.')
    return this.#join(source as SharedSource<unknown>, args, caller)
  }

  // No `await` in here: a group that is found cannot end before the member has joined it.
  #join(source: SharedSource<unknown>, args: ExecutionArgs, caller: SharedCaller): SharedMember | ExecutionResult {
    const key = this.#keyOf(args, caller)
    const own: Memberships = this.#memberships.get(caller.key) ?? { count: 0, cost: 0, bytes: 0, groups: new Map() }
    const membership = own.groups.get(key) ?? { count: 0, cost: caller.cost, bytes: caller.bytes }
    const isFirst = membership.count === 0
    const cost = isFirst ? caller.cost : 0
    const bytes = SUBSCRIPTION_BYTES + (isFirst ? caller.bytes : 0)
    const refused = this.#refusal(own, cost, bytes)
    if (refused !== undefined) {
      source.end()
      return { errors: [refused] }
    }
    const found = this.#groups.get(key)
    const group =
      found !== undefined && found.feed.subject === source.feed.subject && !found.feed.isClosed
        ? found
        : this.#createGroup(key, source, args, caller)
    own.count += 1
    membership.count += 1
    own.groups.set(key, membership)
    own.cost += cost
    own.bytes += bytes
    this.#bytes += bytes
    this.#memberships.set(caller.key, own)
    this.#members += 1
    return group.join(source, () => {
      this.#members -= 1
      this.#forget(own, key, caller.key)
    })
  }

  /** Why a caller cannot have one more subscription that adds this much. */
  #refusal(own: Memberships, cost: number, bytes: number): GraphQLError | undefined {
    const { maxCostPerCaller, maxPerCaller, maxBytesPerCaller, maxBytes, refusal } = this.#options
    const asked: [RunningLimit, number, number][] = [
      ['running', maxCostPerCaller, own.cost + cost],
      ['callerSubscriptions', maxPerCaller, own.count + 1],
      ['runningBytes', maxBytesPerCaller, own.bytes + bytes],
      ['allRunningBytes', maxBytes, this.#bytes + bytes],
    ]
    const exceeded = asked.find(([, max, amount]) => amount > max)
    return exceeded && refusal(...exceeded)
  }

  #forget(own: Memberships, key: string, callerKey: string): void {
    const membership = own.groups.get(key)
    if (membership === undefined) return
    own.count -= 1
    membership.count -= 1
    const isLast = membership.count === 0
    const bytes = SUBSCRIPTION_BYTES + (isLast ? membership.bytes : 0)
    own.bytes -= bytes
    this.#bytes -= bytes
    if (!isLast) return
    own.groups.delete(key)
    own.cost -= membership.cost
    if (own.groups.size === 0) this.#memberships.delete(callerKey)
  }

  #createGroup(
    key: string,
    source: SharedSource<unknown>,
    args: ExecutionArgs,
    caller: SharedCaller,
  ): SharedGroup<unknown> {
    // Nothing of the first member's own context is kept.
    const operation: ExecutionArgs = { ...args, contextValue: caller.context() }
    const group: SharedGroup<unknown> = new SharedGroup({
      feed: source.feed,
      render: (payload) => this.#render({ ...operation, rootValue: payload }, source.feed.idOf?.(payload)),
      isOfPosition: belongsToPosition(operation),
      maxKeptBytes: () => Math.min(MAX_KEPT_BYTES_PER_GROUP, MAX_KEPT_BYTES / this.#groups.size),
      onEmpty: () => {
        if (this.#groups.get(key) === group) this.#groups.delete(key)
      },
    })
    this.#groups.set(key, group)
    return group
  }

  #render(args: ExecutionArgs, id: string | undefined): SharedMessage | Promise<SharedMessage> {
    const { execute, present, tooLarge } = this.#options
    const messageOf = (result: ExecutionResult): SharedMessage => {
      const message = new SharedMessage(JSON.stringify(present(result)), id, result.errors !== undefined)
      const { length } = message.json
      return length > MAX_ANSWER_BYTES ? messageOf({ errors: [tooLarge(length)] }) : message
    }
    const failed = (error: unknown) => messageOf({ errors: [asGraphQLError(error)] })
    try {
      const result = execute(args)
      return result instanceof Promise ? result.then(messageOf).catch(failed) : messageOf(result)
    } catch (error) {
      return failed(error)
    }
  }

  #keyOf(args: ExecutionArgs, { access }: SharedCaller): string {
    const { document, operationName } = args
    const shared = sharedVariables(args)
    return hash('sha256', JSON.stringify([this.#digestOf(document), operationName ?? null, access, shared]), 'base64')
  }

  #digestOf(document: DocumentNode): string {
    let digest = this.#digests.get(document)
    if (digest === undefined) {
      digest = hash('sha256', document.loc?.source.body ?? print(document), 'base64')
      this.#digests.set(document, digest)
    }
    return digest
  }
}

/**
 * The declared variables that have a value, as sorted pairs. Cursors are left out: they say where a subscriber begins,
 * and nothing else.
 */
function sharedVariables({ schema, document, operationName, variableValues: values }: ExecutionArgs): unknown[] {
  return (
    sharedNames(schema, document, operationName)
      // A variable that is left out may have a default value; null replaces it.
      .filter((name) => values != null && Object.hasOwn(values, name))
      .map((name) => [name, ordered(values?.[name])])
  )
}

/** Thousands of clients send the same document when they reconnect. */
const sharedNamesOfDocuments = new WeakMap<DocumentNode, Map<string, readonly string[]>>()

/** The variables that an operation declares, but for cursors, sorted. */
function sharedNames(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: ExecutionArgs['operationName'],
): readonly string[] {
  const known = sharedNamesOfDocuments.get(document) ?? new Map<string, readonly string[]>()
  sharedNamesOfDocuments.set(document, known)
  let names = known.get(operationName ?? '')
  if (names === undefined) {
    const cursors = cursorVariables(schema, document, operationName)
    names = (getOperationAST(document, operationName)?.variableDefinitions ?? [])
      .map(({ variable }) => variable.name.value)
      .filter((name) => !cursors.has(name))
      .toSorted()
    known.set(operationName ?? '', names)
  }
  return names
}

/**
 * The variables of a scalar that its schema marks with `isCursor`, used in one place only: as an argument of the
 * subscription field. Every subscriber has its own position in a log.
 */
function cursorVariables(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: ExecutionArgs['operationName'],
): ReadonlySet<string> {
  const operation = getOperationAST(document, operationName)
  const uses = new Map<string, number>()
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void uses.set(name.value, (uses.get(name.value) ?? 0) + 1),
  })
  const roots = (operation?.selectionSet.selections ?? []).flatMap((selection) =>
    selection.kind === Kind.FIELD ? (selection.arguments ?? []) : [],
  )
  const cursors = new Set<string>()
  for (const { variable, type } of operation?.variableDefinitions ?? []) {
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type
    const name = variable.name.value
    const isCursor = named.kind === Kind.NAMED_TYPE && schema.getType(named.name.value)?.extensions['isCursor'] === true
    const isRoot = roots.some(({ value }) => value.kind === Kind.VARIABLE && value.name.value === name)
    if (isCursor && isRoot && uses.get(name) === 1) cursors.add(name)
  }
  return cursors
}

function asGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error
  const originalError = error instanceof Error ? error : new Error(String(error))
  return new GraphQLError(originalError.message, { originalError })
}
