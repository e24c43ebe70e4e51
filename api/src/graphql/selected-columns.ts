import type { ModelName, SelectedColumns } from '@gaugeline/prisma'
import type { FieldNullability, InputFieldMap, SchemaTypes, TypeParam } from '@pothos/core'
import {
  type FieldNode,
  getNamedType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql'

/** By field of a document. Documents are kept, so this is found once for each, whatever its variables are. */
const known = new WeakMap<FieldNode, SelectedColumns>()

/**
 * The columns that the fields beneath this one read, of each model. Where a field is left out by a directive, its columns
 * are read nevertheless.
 */
export function selectedColumns({ fieldNodes, returnType, schema, fragments }: GraphQLResolveInfo): SelectedColumns {
  const [first] = fieldNodes
  const isOne = first !== undefined && fieldNodes.length === 1
  const found = isOne ? known.get(first) : undefined
  if (found) return found
  const columns = new Columns(schema, fragments)
  for (const { selectionSet } of fieldNodes) columns.add(getNamedType(returnType), selectionSet)
  const selected = columns.selected()
  if (isOne) known.set(first, selected)
  return selected
}

class Columns {
  readonly #schema: GraphQLSchema
  readonly #fragments: GraphQLResolveInfo['fragments']
  readonly #ofModels = new Map<string, Set<string>>()
  /** Models of which a field reads what it does not name. */
  readonly #whole = new Set<string>()

  constructor(schema: GraphQLSchema, fragments: GraphQLResolveInfo['fragments']) {
    this.#schema = schema
    this.#fragments = fragments
  }

  add(type: GraphQLNamedType | undefined, selectionSet: SelectionSetNode | undefined): void {
    if (!type || !selectionSet) return
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) {
        this.#addField(type, selection)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const { typeCondition } = selection
        this.add(typeCondition ? this.#schema.getType(typeCondition.name.value) : type, selection.selectionSet)
      } else {
        const fragment = this.#fragments[selection.name.value]
        this.add(fragment && this.#schema.getType(fragment.typeCondition.name.value), fragment?.selectionSet)
      }
    }
  }

  #addField(type: GraphQLNamedType, { name, selectionSet }: FieldNode): void {
    if (isAbstractType(type)) {
      for (const possible of this.#schema.getPossibleTypes(type)) this.#read(possible, possible.getFields()[name.value])
    } else if (isObjectType(type)) {
      this.#read(type, type.getFields()[name.value])
    }
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name.value] : undefined
    if (field) this.add(getNamedType(field.type), selectionSet)
  }

  #read(type: GraphQLObjectType, field: GraphQLField<unknown, unknown> | undefined): void {
    const { pothosPrismaModel: model } = type.extensions
    if (typeof model !== 'string' || !field) return
    const columns = columnsOf(field)
    if (columns === undefined) this.#whole.add(model)
    const all = this.#ofModels.get(model) ?? new Set()
    this.#ofModels.set(model, all)
    for (const column of columns ?? []) all.add(column)
    for (const related of optionsOf(field).whole ?? []) this.#whole.add(related)
  }

  selected(): SelectedColumns {
    const names = [
      ...[...this.#ofModels].map(([model, columns]) => `${model}:${[...columns].toSorted().join()}`),
      ...[...this.#whole].map((model) => `${model}:*`),
    ]
    return { name: names.toSorted().join(' '), of: this.#ofModels, whole: this.#whole }
  }
}

/** What a field is declared to read of the object that it is of; undefined when that is not declared. */
export function declaredColumns(field: GraphQLField<unknown, unknown>): readonly string[] | undefined {
  return optionsOf(field).columns
}

/** The columns that a field of a row reads; undefined when that is not known. */
function columnsOf(field: GraphQLField<unknown, unknown>): readonly string[] | undefined {
  const columns = declaredColumns(field)
  if (columns) return columns
  const { pothosExposedField, pothosPrismaRelationField } = field.extensions
  if (typeof pothosExposedField === 'string') return [pothosExposedField]
  // A relation that was not read with its row is read by the id of the row.
  if (pothosPrismaRelationField !== undefined || field.name === 'id') return ['id']
  return undefined
}

function optionsOf({ extensions }: GraphQLField<unknown, unknown>): {
  columns?: readonly string[]
  whole?: readonly string[]
} {
  return extensions['pothosOptions'] as object
}

declare global {
  // Pothos merges the options of fields from this namespace.
  export namespace PothosSchemaTypes {
    export interface FieldOptions<
      Types extends SchemaTypes,
      ParentShape,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveShape,
      ResolveReturnShape,
    > {
      /** Of the field of a row: the columns that its resolver reads. All are loaded when it does not name them. */
      columns?: readonly (keyof ParentShape & string)[]
      /** Of the field of a row: models of which its resolver reads related rows itself. All of their columns are loaded. */
      whole?: readonly ModelName[]
    }
  }
}
