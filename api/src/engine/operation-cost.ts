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
import { type CostFacts, type FieldCost, costOfField, MUTATION_COST } from '../graphql/cost.ts'

/** What an operation costs, in points. */
export type CostOf = (args: ExecutionArgs) => number

/** How many objects a list counts as when nothing says how long it is. */
const LIST_MULTIPLIER = 10
/** What each selection within an introspection costs: it is answered for all types of the schema. */
const INTROSPECTION_COST = 10

/** The costs of documents by operation name, where they depend on neither variables nor facts. */
const fixedCosts = new WeakMap<DocumentNode, Map<string, number>>()

/**
 * The cost of a valid operation that is within the limits on documents: one point for each field, and what a list holds
 * ten times, unless the field declares otherwise (graphql/cost.ts). The cost is 1 when variables that it depends on are
 * invalid, since nothing is executed then. (Pothos's own complexity plugin would refuse the whole operation for one
 * argument that cannot be read.)
 */
export function operationCost(args: ExecutionArgs, facts: CostFacts): number {
  const { schema, document, operationName, variableValues } = args
  const fixed = fixedCosts.get(document) ?? new Map<string, number>()
  const known = fixed.get(operationName ?? '')
  if (known !== undefined) return known
  const operation = getOperationAST(document, operationName)
  const root = operation == null ? undefined : schema.getRootType(operation.operation)
  if (operation == null || root == null) return 1
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], { ...variableValues }).coerced
  const costs = new Costs(schema, document, variables ?? {}, facts)
  const mutations = root === schema.getMutationType() ? operation.selectionSet.selections.length : 0
  const { each, once } = costs.ofSelections(operation.selectionSet, root)
  const cost = each + once + mutations * MUTATION_COST
  if (costs.isFixed) fixedCosts.set(document, fixed.set(operationName ?? '', cost))
  else if (variables === undefined) return 1
  return cost
}

/** What it takes to make, serialise and send a message, whatever is in it: measured, as that of so many fields. */
const MESSAGE_COST = 10

/**
 * What each message of a subscription costs. One that holds every active deployment costs more when there are more of
 * them than a list counts as. A root field within a fragment is taken for such a one.
 */
export function runningCost(args: ExecutionArgs, facts: CostFacts): number {
  const fields = args.schema.getSubscriptionType()?.getFields() ?? {}
  const selections = getOperationAST(args.document, args.operationName)?.selectionSet.selections ?? []
  const holdsAll = selections.some((root) => {
    const field = root.kind === Kind.FIELD ? fields[root.name.value] : undefined
    return root.kind !== Kind.FIELD || (field !== undefined && costOfField(field)?.perActiveDeployment === true)
  })
  return Math.ceil(
    (MESSAGE_COST + operationCost(args, facts)) *
      (holdsAll ? Math.max(1, facts.activeDeployments / LIST_MULTIPLIER) : 1),
  )
}

/** The points of a selection set: of each object that it is answered for, and of the page that holds the objects. */
interface Points {
  each: number
  once: number
}

class Costs {
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #variables: Record<string, unknown>
  readonly #facts: CostFacts
  /** Whether the document costs the same whenever and with whatever variables it is run. */
  isFixed = true

  constructor(
    schema: GraphQLSchema,
    { definitions }: DocumentNode,
    variables: Record<string, unknown>,
    facts: CostFacts,
  ) {
    this.#schema = schema
    this.#facts = facts
    this.#variables = variables
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
    this.#fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]))
  }

  ofSelections({ selections }: SelectionSetNode, type: GraphQLNamedType): Points {
    const sum: Points = { each: 0, once: 0 }
    const add = ({ each, once }: Points) => {
      sum.each += each
      sum.once += once
    }
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) add(this.#ofField(selection, type))
      else {
        const isInline = selection.kind === Kind.INLINE_FRAGMENT
        const fragment = isInline ? selection : this.#fragments.get(selection.name.value)
        const condition = fragment?.typeCondition && this.#schema.getType(fragment.typeCondition.name.value)
        if (fragment !== undefined) add(this.ofSelections(fragment.selectionSet, condition ?? type))
      }
    }
    return sum
  }

  #ofField(node: FieldNode, parent: GraphQLNamedType): Points {
    const hasFields = isObjectType(parent) || isInterfaceType(parent)
    const field = hasFields ? parent.getFields()[node.name.value] : undefined
    // A field of the introspection, or `__typename`.
    if (field === undefined) return { each: 1 + INTROSPECTION_COST * this.#count(node.selectionSet), once: 0 }
    const cost = costOfField(field) ?? {}
    const args = this.#argumentsOf(field, node, cost)
    const points = cost.points?.(args, this.#facts) ?? 1
    if (node.selectionSet === undefined)
      return cost.isOnce === true ? { each: 0, once: points } : { each: points, once: 0 }
    const multiplier = cost.multiplier?.(args) ?? (isList(field) ? LIST_MULTIPLIER : 1)
    const { each, once } = this.ofSelections(node.selectionSet, getNamedType(field.type))
    return { each: points + multiplier * each + once, once: 0 }
  }

  #count(set: SelectionSetNode | undefined): number {
    let count = 0
    for (const selection of set?.selections ?? []) {
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD
      count += 1 + this.#count((isSpread ? this.#fragments.get(selection.name.value) : selection)?.selectionSet)
    }
    return count
  }

  /** The values of the arguments that the cost of the field depends on. */
  #argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode, cost: FieldCost): Record<string, unknown> {
    if (cost.growsWithTime === true) this.isFixed = false
    const values: Record<string, unknown> = {}
    for (const { name, type, defaultValue } of field.args) {
      if (cost.args?.includes(name) !== true) continue
      const value = node.arguments?.find((argument) => argument.name.value === name)?.value
      if (value !== undefined && hasVariable(value)) this.isFixed = false
      values[name] = valueFromAST(value, type, this.#variables) ?? defaultValue
    }
    return values
  }
}

function hasVariable(value: ValueNode): boolean {
  switch (value.kind) {
    case Kind.VARIABLE:
      return true
    case Kind.LIST:
      return value.values.some(hasVariable)
    case Kind.OBJECT:
      return value.fields.some((field) => hasVariable(field.value))
    default:
      return false
  }
}

function isList({ type }: GraphQLField<unknown, unknown>): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type)
}
