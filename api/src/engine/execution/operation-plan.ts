import {
  type DocumentNode,
  defaultFieldResolver,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  visit,
} from 'graphql'
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js'

type Variables = Record<string, unknown>
type Fragments = Record<string, FragmentDefinitionNode>
type Collected = ReadonlyMap<string, readonly FieldNode[]>

/** A type with what is asked at every value taken out of it once. */
export type TypePlan = { readonly isNonNull: boolean } & (
  | { readonly kind: 'leaf'; readonly type: GraphQLLeafType }
  | { readonly kind: 'list'; readonly item: TypePlan }
  | { readonly kind: 'object'; readonly type: GraphQLObjectType }
  | { readonly kind: 'abstract'; readonly type: GraphQLAbstractType }
)

/** How a field of an object is answered, with all that is written of it in the document merged. */
export interface FieldPlan {
  /** In the answer. */
  readonly name: string
  readonly nodes: readonly FieldNode[]
  readonly field: GraphQLField<unknown, unknown>
  readonly parentType: GraphQLObjectType
  /** Undefined: the value is the property of the field's name. */
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | undefined
  readonly type: TypePlan
  /** What is asked of the objects that it leads to, by their type; made when the first of them is met. */
  readonly objects: Map<GraphQLObjectType, ObjectPlan>
}

export interface ObjectPlan {
  readonly type: GraphQLObjectType
  readonly fields: readonly FieldPlan[]
  /** Whether answers need an object without a prototype: someone asks for `__proto__`. */
  readonly isBare: boolean
}

/** What the executions of an operation have in common. Its parts are made as they are needed. */
export class OperationPlan {
  readonly schema: GraphQLSchema
  readonly operation: OperationDefinitionNode
  readonly fragments: Fragments
  readonly #onField: () => void
  #root: ObjectPlan | undefined

  /** @param onField called for each field that is planned, which takes some 400 bytes */
  constructor(schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments, onField: () => void) {
    this.schema = schema
    this.operation = operation
    this.fragments = fragments
    this.#onField = onField
  }

  root(type: GraphQLObjectType, variables: Variables): ObjectPlan {
    this.#root ??= this.#objectPlan(
      type,
      collectFields(this.schema, this.fragments, variables, type, this.operation.selectionSet),
    )
    return this.#root
  }

  /** What is asked of objects of this type where the field leads to them. */
  objectOf(field: FieldPlan, type: GraphQLObjectType, variables: Variables): ObjectPlan {
    const known = field.objects.get(type)
    if (known !== undefined) return known
    const collected = collectSubfields(this.schema, this.fragments, variables, type, field.nodes)
    const plan = this.#objectPlan(type, collected)
    field.objects.set(type, plan)
    return plan
  }

  #objectPlan(type: GraphQLObjectType, collected: Collected): ObjectPlan {
    const fields: FieldPlan[] = []
    for (const [name, nodes] of collected) {
      const field = this.#fieldOf(type, nodes[0]?.name.value ?? '')
      // Validation has refused documents with unknown fields.
      if (field === undefined) continue
      const { resolve = defaultFieldResolver } = field
      this.#onField()
      fields.push({
        name,
        nodes,
        field,
        parentType: type,
        resolve: resolve === defaultFieldResolver ? undefined : resolve,
        type: typePlan(field.type),
        objects: new Map(),
      })
    }
    return { type, fields, isBare: collected.has('__proto__') }
  }

  #fieldOf(type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> | undefined {
    if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef
    if (type === this.schema.getQueryType()) {
      if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef
      if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef
    }
    return type.getFields()[name]
  }
}

function typePlan(type: GraphQLOutputType): TypePlan {
  const isNonNull = isNonNullType(type)
  const inner = isNonNull ? type.ofType : type
  if (isListType(inner)) return { kind: 'list', item: typePlan(inner.ofType), isNonNull }
  if (isLeafType(inner)) return { kind: 'leaf', type: inner, isNonNull }
  if (isAbstractType(inner)) return { kind: 'abstract', type: inner, isNonNull }
  return { kind: 'object', type: inner, isNonNull }
}

/** About 20 MB. */
const MAX_FIELDS = 50_000

interface PlansOfOperation {
  /** The variables that decide what is skipped and what is included. */
  conditions: readonly string[]
  fragments: Fragments
  /** By the values of these variables. */
  plans: Map<string, OperationPlan>
}

/**
 * The plans of operations, as long as their documents are kept and there is room. Making one anew costs little more than
 * executing the operation without a plan, so when there are too many, all are dropped.
 */
export class OperationPlans {
  readonly #schema: GraphQLSchema
  readonly #maxFields: number
  #byOperation = new WeakMap<OperationDefinitionNode, PlansOfOperation>()
  #fields = 0

  constructor(schema: GraphQLSchema, maxFields: number = MAX_FIELDS) {
    this.#schema = schema
    this.#maxFields = maxFields
  }

  of(document: DocumentNode, operation: OperationDefinitionNode, variables: Variables): OperationPlan {
    if (this.#fields > this.#maxFields) {
      this.#byOperation = new WeakMap()
      this.#fields = 0
    }
    let known = this.#byOperation.get(operation)
    if (known === undefined) {
      known = { conditions: conditionsIn(document), fragments: fragmentsIn(document), plans: new Map() }
      this.#byOperation.set(operation, known)
    }
    const key = known.conditions.map((name) => String(variables[name])).join()
    let plan = known.plans.get(key)
    if (plan === undefined) {
      plan = new OperationPlan(this.#schema, operation, known.fragments, () => {
        this.#fields += 1
      })
      known.plans.set(key, plan)
      this.#fields += 1
    }
    return plan
  }
}

function fragmentsIn({ definitions }: DocumentNode): Fragments {
  const fragments = Object.create(null) as Fragments
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition
  }
  return fragments
}

function conditionsIn(document: DocumentNode): string[] {
  const names = new Set<string>()
  visit(document, {
    Directive({ arguments: given = [] }) {
      for (const { value } of given) if (value.kind === Kind.VARIABLE) names.add(value.name.value)
    },
  })
  return [...names]
}
