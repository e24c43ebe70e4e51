import {
  type FieldNode,
  getDirectiveValues,
  getNamedType,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/**
 * What the fields of objects of one type read that are asked for beneath this field, as their `columns` name it;
 * undefined where one of them does not name it.
 */
export function askedColumns(info: GraphQLResolveInfo, typeName: string): ReadonlySet<string> | undefined {
  const { fragments, variableValues, fieldNodes, returnType } = info
  const columns = new Set<string>()
  let isKnown = true

  const isIncluded = (node: SelectionNode) =>
    node.directives === undefined ||
    node.directives.length === 0 ||
    (getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] !== true &&
      getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false)
  const add = (type: GraphQLNamedType | undefined, selectionSet: SelectionSetNode | undefined): void => {
    for (const selection of selectionSet?.selections ?? []) {
      if (!isIncluded(selection)) continue
      if (selection.kind === Kind.FIELD) addField(type, selection)
      else if (selection.kind === Kind.INLINE_FRAGMENT) add(type, selection.selectionSet)
      else add(type, fragments[selection.name.value]?.selectionSet)
    }
  }
  const addField = (type: GraphQLNamedType | undefined, { name, selectionSet }: FieldNode): void => {
    const field = isObjectType(type) ? type.getFields()[name.value] : undefined
    if (field === undefined) return
    if (type?.name === typeName) {
      const { columns: own } = field.extensions['pothosOptions'] as { columns?: readonly string[] }
      isKnown &&= own !== undefined
      for (const column of own ?? []) columns.add(column)
    } else add(getNamedType(field.type), selectionSet)
  }
  for (const { selectionSet } of fieldNodes) add(getNamedType(returnType), selectionSet)
  return isKnown ? columns : undefined
}
