import SchemaBuilder, {
  BasePlugin,
  type FieldNullability,
  type InputFieldMap,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  type TypeParam,
} from '@pothos/core'
import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  defaultFieldResolver,
  getNamedType,
  isAbstractType,
  isObjectType,
} from 'graphql'
import { type Scope, type Viewer, requireScope } from '../base/viewer.ts'

/** `null`: for every caller who is known. */
type NeededScope = Scope | null

/**
 * Holds every field to the scope it needs.
 * - A root field must say its `scope`, or the schema can't be built: none can be forgotten. A subscription is checked when
 *   it starts; the end of its credential closes it.
 * - Any other field may say one; `scope` on a type is that of all its fields, and of finding one by its id.
 * - What leads on from an object with an id to other objects is reading, so that the answer to a mutation shows what was
 *   changed and no more.
 */
export class ScopesPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const scope = scopeOf({ extensions: { pothosOptions: config.pothosOptions } })
    if (scope == null) return config
    return { ...config, description: `${config.description ?? ''} Needs the scope ${scope}.`.trimStart() }
  }

  override afterBuild(schema: GraphQLSchema): GraphQLSchema {
    const subscription = schema.getSubscriptionType()
    const roots = [schema.getQueryType(), schema.getMutationType(), subscription]
    for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
      if (type.name.startsWith('__')) continue
      for (const field of Object.values(type.getFields())) {
        const scope = roots.includes(type) ? rootScope(type, field) : innerScope(type, field)
        if (scope !== null) guard(field, scope, type === subscription ? 'subscribe' : 'resolve')
      }
    }
    return schema
  }
}

/** Throws FORBIDDEN when the viewer may not see objects of a type at all. */
export function requireScopeOfType(schema: GraphQLSchema, typename: string, viewer: Viewer): void {
  const scope = scopeOf(schema.getType(typename))
  if (scope != null) requireScope(viewer, scope)
}

type AnyField = GraphQLField<unknown, { viewer: Viewer }>

function rootScope(type: GraphQLObjectType, field: AnyField): NeededScope {
  const scope = scopeOf(field)
  if (scope !== undefined) return scope
  throw new Error(`${type.name}.${field.name} must say its scope; null for every caller who is known.`)
}

function innerScope(type: GraphQLObjectType, field: AnyField): NeededScope {
  const said = scopeOf(field)
  if (said !== undefined) return said
  const typeScope = scopeOf(type)
  if (typeScope !== undefined) return typeScope
  const leadsOn = isObjectType(getNamedType(field.type)) || isAbstractType(getNamedType(field.type))
  return leadsOn && type.getInterfaces().some(({ name }) => name === 'Node') ? 'READ' : null
}

/** What was given as `scope` where a field or type was made; undefined when nothing was. */
function scopeOf(element: { extensions: Readonly<Record<string, unknown>> } | undefined): NeededScope | undefined {
  return (element?.extensions['pothosOptions'] as { scope?: NeededScope } | undefined)?.scope
}

function guard(field: AnyField, scope: Scope, step: 'resolve' | 'subscribe'): void {
  const run = field[step] ?? defaultFieldResolver
  field[step] = (parent, args, context, info) => {
    requireScope(context.viewer, scope)
    return run(parent, args, context, info)
  }
}

SchemaBuilder.registerPlugin('scopes', ScopesPlugin)

declare global {
  // Where Pothos looks for the options of plugins.
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      scopes: ScopesPlugin<Types>
    }

    export interface ObjectTypeOptions<Types extends SchemaTypes = SchemaTypes, Shape = unknown> {
      /** What every field of it needs. */
      scope?: Scope
    }

    export interface FieldOptions<
      Types extends SchemaTypes = SchemaTypes,
      ParentShape = unknown,
      Type extends TypeParam<Types> = TypeParam<Types>,
      Nullable extends FieldNullability<Type> = FieldNullability<Type>,
      Args extends InputFieldMap = InputFieldMap,
      ResolveShape = unknown,
      ResolveReturnShape = unknown,
    > {
      /** What its caller needs; null: nothing. */
      scope?: Scope | null
    }

    export interface QueryFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveReturnShape,
    > {
      scope: Scope | null
    }

    export interface MutationFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveReturnShape,
    > {
      scope: Scope | null
    }

    export interface SubscriptionFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveShape,
      ResolveReturnShape,
    > {
      scope: Scope | null
    }
  }
}
