import type {
  DocumentNode,
  ExecutionArgs,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  SelectionSetNode,
  ValueNode,
} from 'graphql'
import {
  Kind,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  valueFromAST,
} from 'graphql'
import { DEFAULT_PAGE, MAX_PAGE } from '../base/paging.ts'

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
const COST_ARGUMENTS = new Set(['first', 'last', 'ids', 'maxPoints', 'from', 'to'])
/** Of each selection within an introspection, which is answered for all types of the schema. */
const INTROSPECTION_COST = 10

/** Costs by their operations' names, of documents in which they do not hang on variables or the time. */
const fixedCosts = new WeakMap<DocumentNode, Map<string, number>>()

/**
 * The cost of a valid operation that is within the limits of documents: a point for each field; what a page holds counts
 * as often as its size, what another list holds ten times. 1 when variables that it hangs on are wrong, since nothing is
 * executed then. (Pothos's plugin would refuse all of an operation for one argument that cannot be read.)
 */
export const operationCost: CostOf = ({ schema, document, operationName, variableValues }) => {
  const fixed = fixedCosts.get(document) ?? new Map<string, number>()
  const known = fixed.get(operationName ?? '')
  if (known !== undefined) return known
  const operation = getOperationAST(document, operationName)
  const root = operation == null ? undefined : schema.getRootType(operation.operation)
  if (operation == null || root == null) return 1
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], { ...variableValues }).coerced
  const costs = new Costs(schema, document, variables ?? {})
  const mutations = root === schema.getMutationType() ? operation.selectionSet.selections.length : 0
  const cost = costs.ofSelections(operation.selectionSet, root) + mutations * MUTATION_COST
  if (costs.isFixed) fixedCosts.set(document, fixed.set(operationName ?? '', cost))
  else if (variables === undefined) return 1
  return cost
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
  /** Whether the same document always costs the same. */
  isFixed = true

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode, variables: Record<string, unknown>) {
    this.#schema = schema
    this.#variables = variables
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
    this.#fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]))
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
    const { own, multiplier } = fieldCost(field, this.#argumentsOf(field, node))
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

  /** Those that the cost hangs on. */
  #argumentsOf({ args }: GraphQLField<unknown, unknown>, node: FieldNode): Record<string, unknown> {
    const values: Record<string, unknown> = {}
    for (const { name, type, defaultValue } of args) {
      if (!COST_ARGUMENTS.has(name)) continue
      const value = node.arguments?.find((argument) => argument.name.value === name)?.value
      // Looking back costs as much as it is until now.
      if (name === 'from' || (value !== undefined && hasVariable(value))) this.isFixed = false
      values[name] = valueFromAST(value, type, this.#variables) ?? defaultValue
    }
    return values
  }
}

function hasVariable(value: ValueNode): boolean {
  return value.kind === Kind.VARIABLE || (value.kind === Kind.LIST && value.values.some(hasVariable))
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
