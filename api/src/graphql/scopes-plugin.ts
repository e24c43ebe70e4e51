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

/** `null`: every authenticated caller may use it. */
type NeededScope = Scope | null

/**
 * Enforces the scope of every field.
 * - A root field must declare its `scope`, or the schema cannot be built: none can be forgotten. A subscription is
 * checked
 *   when it starts; when its credential ends, the subscription is closed.
 * - Any other field may declare one; the `scope` of a type applies to all its fields, and to finding its objects by id.
 * - A field that leads from an object with an id to other objects needs READ, so that the answer to a mutation shows
 * what
 *   was changed and nothing more.
 */
class ScopesPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const scope = scopeOf({ extensions: { pothosOptions: config.pothosOptions } })
    if (scope == null) return config
    // An example, where there is one, stays last.
    const [text = '', ...example] = (config.description ?? '').split(/\n\n(?=Example:)/)
    return { ...config, description: [`${text} Needs the scope ${scope}.`.trimStart(), ...example].join('\n\n') }
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

/** @throws RefusedError FORBIDDEN when the viewer may not see any object of the type. */
export function requireScopeOfType(schema: GraphQLSchema, typename: string, viewer: Viewer): void {
  const scope = scopeOf(schema.getType(typename))
  if (scope != null) requireScope(viewer, scope)
}

type AnyField = GraphQLField<unknown, { viewer: Viewer }>

function rootScope(type: GraphQLObjectType, field: AnyField): NeededScope {
  const scope = scopeOf(field)
  if (scope !== undefined) return scope
  throw new Error(`${type.name}.${field.name} must declare its scope; null for every authenticated caller.`)
}

function innerScope(type: GraphQLObjectType, field: AnyField): NeededScope {
  const said = scopeOf(field)
  if (said !== undefined) return said
  const typeScope = scopeOf(type)
  if (typeScope !== undefined) return typeScope
  const leadsOn = isObjectType(getNamedType(field.type)) || isAbstractType(getNamedType(field.type))
  return leadsOn && type.getInterfaces().some(({ name }) => name === 'Node') ? 'READ' : null
}

/** The `scope` that a field or type was defined with; undefined when it has none. */
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
  // Pothos merges the options of plugins from this namespace.
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      scopes: ScopesPlugin<Types>
    }

    export interface ObjectTypeOptions<Types extends SchemaTypes = SchemaTypes, Shape = unknown> {
      /** The scope that every field of the type needs. */
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
      /** The scope that the caller needs; null for none. */
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
