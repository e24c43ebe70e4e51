import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core'
import {
  type FieldNode,
  getNamedType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql'

type AnyResolver = GraphQLFieldResolver<unknown, object>
type Extensions = Readonly<Record<string, unknown>>

/**
 * Takes a single related object from the object that already holds it. Prisma's plugin first looks up, by the path of
 * the field, whether the object was loaded for it: with a weak map of path links for each object of a page, that is a
 * fifth of the cost of executing one. A relation to one object, without arguments, is the same however it was loaded;
 * the lookup is needed only where a field further down asks for a part of a relation.
 */
class LoadedRelationsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(resolver: AnyResolver, config: PothosOutputFieldConfig<Types>): AnyResolver {
    if (!isSingleRelation(config.extensions ?? {})) return resolver
    const { name } = config
    return (parent, args, context, info) => {
      const related = (parent as Record<string, unknown>)[name]
      return related === undefined || dependsOnPlan(info) ? resolver(parent, args, context, info) : related
    }
  }
}

/** Whether an answer to the field itself, or to one below it, depends on how its object was loaded; by field. */
const known = new WeakMap<FieldNode, boolean>()

function dependsOnPlan({ fieldNodes, fragments, schema, returnType }: GraphQLResolveInfo): boolean {
  const type = getNamedType(returnType)
  const inSet = ({ selections }: SelectionSetNode, of: GraphQLNamedType): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD) {
        const field = fieldOf(schema, of, selection.name.value)
        if (field === undefined) return false
        if (isSelected(field.extensions) && !isSingleRelation(field.extensions)) return true
        return selection.selectionSet !== undefined && inSet(selection.selectionSet, getNamedType(field.type))
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value]
      if (fragment === undefined) return false
      const condition = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value)
      return inSet(fragment.selectionSet, condition ?? of)
    })
  return fieldNodes.some((node) => {
    const found = known.get(node) ?? (node.selectionSet !== undefined && inSet(node.selectionSet, type))
    known.set(node, found)
    return found
  })
}

/** Fields of interfaces are those of the objects behind them, which say more: unknown ones are looked for there. */
function fieldOf(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (isObjectType(type)) return type.getFields()[name]
  if (!isInterfaceType(type)) return undefined
  const fields = schema.getPossibleTypes(type).map((object) => object.getFields()[name])
  return fields.find((field) => field !== undefined && isSelected(field.extensions)) ?? fields[0]
}

/** Whether Prisma's plugin loads something for the field. */
function isSelected(extensions: Extensions): boolean {
  return Boolean(extensions['pothosPrismaSelect'])
}

function isSingleRelation(extensions: Extensions): boolean {
  const relation = extensions['pothosPrismaRelationField'] as { isList: boolean } | undefined
  return relation !== undefined && !relation.isList && extensions['pothosPrismaFallback'] === undefined
}

SchemaBuilder.registerPlugin('loadedRelations', LoadedRelationsPlugin)

declare global {
  // Pothos merges plugins from this namespace.
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      loadedRelations: LoadedRelationsPlugin<Types>
    }
  }
}
