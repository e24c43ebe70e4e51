import type {
  ExecutionArgs,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql'
import {
  GraphQLError,
  Kind,
  getArgumentValues,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { DEFAULT_PAGE, MAX_PAGE } from '../paging.ts'

/** What an operation costs, in points. */
export type CostOf = (args: ExecutionArgs) => number

/** What a list counts as when nothing says how long it is. */
const LIST_MULTIPLIER = 10
/** Beyond what a mutation's answer costs: it is a transaction. */
const MUTATION_COST = 10
const HISTORY_POINTS_PER_POINT = 10
/** What a history looks back over is read whole, however few points are made of it. */
const HISTORY_SECONDS_PER_POINT = 30
/** No samples are kept for longer. */
const MAX_HISTORY_SECONDS = 24 * 3600
/** Of each selection within an introspection, which is answered for all types of the schema. */
const INTROSPECTION_COST = 10

/**
 * The cost of a valid operation that is within the limits of documents: a point for each field; what a page holds counts
 * as often as its size, what another list holds ten times. 1 when its variables are wrong, since nothing of it is
 * executed then. (Pothos's plugin would refuse all of an operation for one argument that cannot be read.)
 */
export const operationCost: CostOf = ({ schema, document, operationName, variableValues }) => {
  const operation = getOperationAST(document, operationName)
  const root = operation == null ? undefined : schema.getRootType(operation.operation)
  if (operation == null || root == null) return 1
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], { ...variableValues }).coerced
  if (variables === undefined) return 1
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const cost = new Costs(schema, fragments, variables).ofSelections(operation.selectionSet, root)
  const mutations = root === schema.getMutationType() ? operation.selectionSet.selections.length : 0
  return cost + mutations * MUTATION_COST
}

/**
 * What each message of a subscription costs. Those of the fleet hold every active deployment, of which there may be more
 * than a list counts as.
 */
export function runningCost(args: ExecutionArgs, activeDeployments: number): number {
  const selections = getOperationAST(args.document, args.operationName)?.selectionSet.selections ?? []
  const isFleet = selections.some((root) => root.kind !== Kind.FIELD || root.name.value === 'fleetMetrics')
  return Math.ceil(operationCost(args) * (isFleet ? Math.max(1, activeDeployments / LIST_MULTIPLIER) : 1))
}

class Costs {
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #variables: Record<string, unknown>

  constructor(
    schema: GraphQLSchema,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    variables: Record<string, unknown>,
  ) {
    this.#schema = schema
    this.#fragments = fragments
    this.#variables = variables
  }

  ofSelections({ selections }: SelectionSetNode, type: GraphQLNamedType): number {
    let cost = 0
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) cost += this.#ofField(selection, type)
      else {
        const isInline = selection.kind === Kind.INLINE_FRAGMENT
        const fragment = isInline ? selection : this.#fragments.get(selection.name.value)
        const condition = fragment?.typeCondition && this.#schema.getType(fragment.typeCondition.name.value)
        if (fragment !== undefined) cost += this.ofSelections(fragment.selectionSet, condition ?? type)
      }
    }
    return cost
  }

  #ofField(node: FieldNode, parent: GraphQLNamedType): number {
    const hasFields = isObjectType(parent) || isInterfaceType(parent)
    const field = hasFields ? parent.getFields()[node.name.value] : undefined
    // Introspection.
    if (field === undefined) return 1 + INTROSPECTION_COST * this.#count(node.selectionSet)
    const args = this.#argumentsOf(field, node)
    // Refused by itself, with all that is below it.
    if (args === undefined) return 1
    const { own, multiplier } = fieldCost(field, args)
    if (node.selectionSet === undefined) return own
    return own + multiplier * this.ofSelections(node.selectionSet, getNamedType(field.type))
  }

  #count(set: SelectionSetNode | undefined): number {
    let count = 0
    for (const selection of set?.selections ?? []) {
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD
      count += 1 + this.#count((isSpread ? this.#fragments.get(selection.name.value) : selection)?.selectionSet)
    }
    return count
  }

  #argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode): Record<string, unknown> | undefined {
    try {
      return getArgumentValues(field, node, this.#variables)
    } catch (error) {
      if (error instanceof GraphQLError) return undefined
      throw error
    }
  }
}

/** What a field costs by itself, and how often what it holds counts. */
function fieldCost(
  { type }: GraphQLField<unknown, unknown>,
  args: Record<string, unknown>,
): { own: number; multiplier: number } {
  const typeName = getNamedType(type).name
  if (typeName.endsWith('Connection')) return { own: 1, multiplier: pageSize(args) }
  // Its connection has counted them.
  if (typeName.endsWith('Edge')) return { own: 0, multiplier: 1 }
  if (Array.isArray(args['ids'])) return { own: 1, multiplier: args['ids'].length }
  if (typeof args['maxPoints'] === 'number') {
    const points = Math.ceil(Math.max(0, args['maxPoints']) / HISTORY_POINTS_PER_POINT)
    return { own: 1 + points + lookBackCost(args), multiplier: 1 }
  }
  const isList = isListType(isNonNullType(type) ? type.ofType : type)
  return { own: 1, multiplier: isList ? LIST_MULTIPLIER : 1 }
}

function lookBackCost({ from, to }: Record<string, unknown>): number {
  if (!(from instanceof Date)) return 0
  const seconds = ((to instanceof Date ? to.getTime() : Date.now()) - from.getTime()) / 1000
  return Math.ceil(Math.min(Math.max(seconds, 0), MAX_HISTORY_SECONDS) / HISTORY_SECONDS_PER_POINT)
}

/** Sizes that no page has are refused where the page is made. */
function pageSize({ first, last }: Record<string, unknown>): number {
  const size = typeof last === 'number' ? last : first
  return typeof size === 'number' ? Math.min(Math.max(size, 1), MAX_PAGE) : DEFAULT_PAGE
}
