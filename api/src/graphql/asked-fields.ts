import { type FieldNode, getNamedType, type GraphQLField, type GraphQLResolveInfo, isObjectType } from 'graphql'
import { collectSubfields } from 'graphql/execution/collectFields.js'

/** The fields that are asked for of objects of some types, beneath this field: by the name of the type. */
export function askedFields(
  { schema, fragments, variableValues, fieldNodes, returnType }: GraphQLResolveInfo,
  typeNames: readonly string[],
): Map<string, Set<GraphQLField<unknown, unknown>>> {
  const asked = new Map(typeNames.map((name) => [name, new Set<GraphQLField<unknown, unknown>>()]))
  const add = (of: GraphQLResolveInfo['returnType'], nodes: readonly FieldNode[]): void => {
    const type = getNamedType(of)
    if (!isObjectType(type)) return
    for (const found of collectSubfields(schema, fragments, variableValues, type, nodes).values()) {
      const [first] = found
      const field = first && type.getFields()[first.name.value]
      if (field === undefined) continue
      asked.get(type.name)?.add(field)
      add(field.type, found)
    }
  }
  add(returnType, fieldNodes)
  return asked
}
