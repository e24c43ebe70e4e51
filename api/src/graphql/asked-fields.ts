import {
  type FieldNode,
  getDirectiveValues,
  getNamedType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** The fields that are asked for of objects of some types, beneath this field: by the name of the type. */
export function askedFields(
  { fragments, variableValues, fieldNodes, returnType }: GraphQLResolveInfo,
  typeNames: readonly string[],
): Map<string, Set<GraphQLField<unknown, unknown>>> {
  const asked = new Map(typeNames.map((name) => [name, new Set<GraphQLField<unknown, unknown>>()]))

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
      else addFragment(type, selection.name.value)
    }
  }
  // Fragments that spread others twice, and so on, would be walked for ever.
  const walked = new Set<string>()
  const addFragment = (type: GraphQLNamedType | undefined, name: string): void => {
    const place = `${type?.name} ${name}`
    if (walked.has(place)) return
    walked.add(place)
    add(type, fragments[name]?.selectionSet)
  }
  const addField = (type: GraphQLNamedType | undefined, { name, selectionSet }: FieldNode): void => {
    const field = isObjectType(type) ? type.getFields()[name.value] : undefined
    if (field === undefined) return
    asked.get(type?.name ?? '')?.add(field)
    add(getNamedType(field.type), selectionSet)
  }
  for (const { selectionSet } of fieldNodes) add(getNamedType(returnType), selectionSet)
  return asked
}
