import {
  type DocumentNode,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  defaultFieldResolver,
  defaultTypeResolver,
  isObjectType,
  locatedError,
  OperationTypeNode,
} from 'graphql'
import { inspect } from 'graphql/jsutils/inspect.js'
import { fieldPathOf, keysOf, type Path, pathOf } from './field-path.ts'
import { type FieldPlan, type ObjectPlan, type OperationPlan, OperationPlans, type TypePlan } from './operation-plan.ts'

type MaybePromise<T> = T | Promise<T>

export interface OperationArgs {
  schema: GraphQLSchema
  document: DocumentNode
  operationName?: string | null | undefined
  variableValues?: ExecutionArgs['variableValues']
  contextValue?: unknown
  rootValue?: unknown
}

/** As many as graphql-js reports by itself. */
const MAX_VARIABLE_ERRORS = 50

const plansOf = new WeakMap<GraphQLSchema, OperationPlans>()

/**
 * Executes an operation as graphql-js does: the same resolvers are called in the same order, and errors are located,
 * collected and passed to the nearest field that may be null in the same way. What is the same for all executions of an
 * operation, which graphql-js finds out anew for every object, is planned once (operation-plan.ts). What cannot be
 * executed goes to graphql-js, for its errors.
 *
 * Where an item of a list must not be null and fails at once, graphql-js lets go of the items before it that are still
 * awaited: a rejection of theirs would end the process. Here it is taken.
 */
export function executeOperation(args: OperationArgs): MaybePromise<ExecutionResult> {
  const { schema, document, operationName, variableValues } = args
  const operation = getOperationAST(document, operationName)
  const type = operation && schema.getRootType(operation.operation)
  if (operation == null || type == null) return execute(args)
  const { variableDefinitions = [] } = operation
  const { errors, coerced } = getVariableValues(schema, variableDefinitions, variableValues ?? {}, {
    maxErrors: MAX_VARIABLE_ERRORS,
  })
  if (errors !== undefined) return { errors }
  const plans = plansOf.get(schema) ?? new OperationPlans(schema)
  plansOf.set(schema, plans)
  return new Execution(plans.of(document, operation, coerced), args, coerced).run(type)
}

class Execution {
  readonly #plan: OperationPlan
  readonly #args: OperationArgs
  readonly #variables: Record<string, unknown>
  readonly #errors: GraphQLError[] = []
  /** Where they are null in the answer. */
  readonly #nulled = new Set<Path | undefined>()

  constructor(plan: OperationPlan, args: OperationArgs, variables: Record<string, unknown>) {
    this.#plan = plan
    this.#args = args
    this.#variables = variables
  }

  run(type: GraphQLObjectType): MaybePromise<ExecutionResult> {
    try {
      const plan = this.#plan.root(type, this.#variables)
      const { rootValue } = this.#args
      const isInTurn = this.#plan.operation.operation === OperationTypeNode.MUTATION
      const data = isInTurn ? this.#fieldsInTurn(plan, rootValue) : this.#fieldsOf(plan, rootValue, undefined)
      if (!isPromise(data)) return this.#result(data)
      return data.then(
        (value) => this.#result(value),
        (error: unknown) => this.#failed(error),
      )
    } catch (error) {
      return this.#failed(error)
    }
  }

  #result(data: ExecutionResult['data']): ExecutionResult {
    return this.#errors.length === 0 ? { data } : { errors: this.#errors, data }
  }

  #failed(error: unknown): ExecutionResult {
    this.#collect(error as GraphQLError, undefined)
    return this.#result(null)
  }

  /** Those of a mutation: each begins when the one before it has ended. */
  async #fieldsInTurn(plan: ObjectPlan, source: unknown): Promise<Record<string, unknown>> {
    const results = emptyResults(plan)
    for (const field of plan.fields) results[field.name] = await this.#field(field, source, undefined)
    return results
  }

  #fieldsOf(plan: ObjectPlan, source: unknown, path: Path | undefined): MaybePromise<Record<string, unknown>> {
    const results = emptyResults(plan)
    let waiting: Promise<unknown>[] | undefined
    try {
      for (const field of plan.fields) {
        const value = this.#field(field, source, path)
        results[field.name] = value
        if (isPromise(value)) (waiting ??= []).push(value)
      }
    } catch (error) {
      if (waiting === undefined) throw error
      // Those may be rejected as well, and somebody has to take that.
      return Promise.all(waiting).finally(() => {
        throw error
      }) as Promise<never>
    }
    return waiting === undefined ? results : whole(plan, results, waiting)
  }

  #field(field: FieldPlan, source: unknown, parent: Path | undefined): unknown {
    const { type } = field
    let path: Path | undefined
    try {
      let value: unknown
      if (field.resolve === undefined && isPlainObject(source)) value = source[field.field.name]
      if (field.resolve !== undefined || !isPlainObject(source) || typeof value === 'function') {
        path = pathOf(field, parent)
        const resolve = field.resolve ?? defaultFieldResolver
        value = resolve(source, this.#argumentsOf(field), this.#args.contextValue, this.#infoOf(field, path))
      }
      if (type.kind === 'leaf' && !isPromise(value)) return completeLeaf(field, type, value)
      path ??= pathOf(field, parent)
      return this.#completed(field, type, path, value)
    } catch (error) {
      return this.#nullFor(error, field, type, path ?? pathOf(field, parent))
    }
  }

  /** Completes a value that may be a promise; errors become null where the type allows it. */
  #completed(field: FieldPlan, type: TypePlan, path: Path, value: unknown): unknown {
    try {
      const completed = isPromise(value)
        ? value.then((resolved) => this.#complete(field, type, path, resolved))
        : this.#complete(field, type, path, value)
      if (!isPromise(completed)) return completed
      return completed.then(undefined, (error: unknown) => this.#nullFor(error, field, type, path))
    } catch (error) {
      return this.#nullFor(error, field, type, path)
    }
  }

  #complete(field: FieldPlan, type: TypePlan, path: Path, value: unknown): unknown {
    if (type.kind === 'leaf') return completeLeaf(field, type, value)
    if (value instanceof Error) throw value
    if (value == null) return nullOf(field, type)
    if (type.kind === 'list') return this.#list(field, type.item, path, value)
    if (type.kind === 'object') return this.#object(field, type.type, path, value)
    const resolveType = type.type.resolveType ?? defaultTypeResolver
    const info = this.#infoOf(field, fieldPathOf(path))
    const name = resolveType(value, this.#args.contextValue, info, type.type)
    if (!isPromise(name)) return this.#object(field, this.#runtimeType(field, type, name), path, value)
    return name.then((resolved) => this.#object(field, this.#runtimeType(field, type, resolved), path, value))
  }

  #list(field: FieldPlan, type: TypePlan, path: Path, list: unknown): MaybePromise<unknown[]> {
    if (!isIterable(list)) {
      const at = `${field.parentType.name}.${field.field.name}`
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${at}".`)
    }
    const items = Array.isArray(list) ? (list as unknown[]) : [...list]
    const completed: unknown[] = []
    let isWaiting = false
    try {
      for (const item of items) {
        const value = this.#completed(field, type, { prev: path, key: completed.length, typename: undefined }, item)
        isWaiting ||= isPromise(value)
        completed.push(value)
      }
    } catch (error) {
      // Nobody waits for the others any more, and a rejection that nobody takes would end the process.
      void Promise.allSettled([...completed, ...items])
      throw error
    }
    return isWaiting ? Promise.all(completed) : completed
  }

  #object(field: FieldPlan, type: GraphQLObjectType, path: Path, value: unknown): unknown {
    const plan = this.#plan.objectOf(field, type, this.#variables)
    const isOfType = type.isTypeOf?.(value, this.#args.contextValue, this.#infoOf(field, fieldPathOf(path)))
    if (!isPromise(isOfType)) return this.#objectOf(field, plan, path, value, isOfType)
    return isOfType.then((resolved) => this.#objectOf(field, plan, path, value, resolved))
  }

  #objectOf(field: FieldPlan, plan: ObjectPlan, path: Path, value: unknown, isOfType: boolean | undefined): unknown {
    if (isOfType ?? plan.type.isTypeOf == null) return this.#fieldsOf(plan, value, path)
    const message = `Expected value of type "${plan.type.name}" but got: ${inspect(value)}.`
    throw new GraphQLError(message, { nodes: field.nodes })
  }

  #runtimeType(field: FieldPlan, { type }: TypePlan & { kind: 'abstract' }, name: unknown): GraphQLObjectType {
    const { schema } = this.#plan
    const found = typeof name === 'string' ? schema.getType(name) : undefined
    if (isObjectType(found) && schema.isSubType(type, found)) return found
    const at = `${field.parentType.name}.${field.field.name}`
    throw new GraphQLError(`"${type.name}" must resolve to one of its types for field "${at}"; got ${inspect(name)}.`, {
      nodes: field.nodes,
    })
  }

  #argumentsOf({ field, nodes: [node] }: FieldPlan): Record<string, unknown> {
    return node === undefined || field.args.length === 0 ? {} : getArgumentValues(field, node, this.#variables)
  }

  #infoOf({ field, nodes, parentType }: FieldPlan, path: Path): GraphQLResolveInfo {
    const { schema, fragments, operation } = this.#plan
    return {
      fieldName: field.name,
      fieldNodes: nodes,
      returnType: field.type,
      parentType,
      path,
      schema,
      fragments,
      rootValue: this.#args.rootValue,
      operation,
      variableValues: this.#variables,
    }
  }

  /** @throws GraphQLError where the value must not be null: it is then for the field above */
  #nullFor(raw: unknown, { nodes }: FieldPlan, type: TypePlan, path: Path): null {
    const error = locatedError(raw, nodes, keysOf(path))
    if (type.isNonNull) throw error
    this.#collect(error, path)
    return null
  }

  /** Errors below what has become null by another error are not reported. */
  #collect(error: GraphQLError, at: Path | undefined): void {
    if (this.#nulled.has(undefined)) return
    for (let path = at; path !== undefined; path = path.prev) if (this.#nulled.has(path)) return
    this.#nulled.add(at)
    this.#errors.push(error)
  }
}

function emptyResults({ isBare }: ObjectPlan): Record<string, unknown> {
  return (isBare ? Object.create(null) : {}) as Record<string, unknown>
}

/** The object once the promises among its values are fulfilled. */
async function whole(
  plan: ObjectPlan,
  results: Record<string, unknown>,
  waiting: readonly Promise<unknown>[],
): Promise<Record<string, unknown>> {
  const values = await Promise.all(waiting)
  let next = 0
  for (const { name } of plan.fields) if (isPromise(results[name])) results[name] = values[next++]
  return results
}

function completeLeaf(field: FieldPlan, type: TypePlan & { kind: 'leaf' }, value: unknown): unknown {
  if (value instanceof Error) throw value
  if (value == null) return nullOf(field, type)
  const serialized: unknown = type.type.serialize(value)
  if (serialized != null) return serialized
  const call = `${inspect(type.type)}.serialize(${inspect(value)})`
  throw new Error(`Expected \`${call}\` to return non-nullable value, returned: ${inspect(serialized)}`)
}

function nullOf({ parentType, field }: FieldPlan, { isNonNull }: TypePlan): null {
  if (isNonNull) throw new Error(`Cannot return null for non-nullable field ${parentType.name}.${field.name}.`)
  return null
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isPromise(value: unknown): value is Promise<unknown>
function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
