import type { FieldNullability, InputFieldMap, SchemaTypes, TypeParam } from '@pothos/core'
import type { GraphQLField, GraphQLNamedType } from 'graphql'
import { getNamedType } from 'graphql'
import { DEFAULT_PAGE, MAX_PAGE } from '../base/page.ts'

export type CostArguments = Readonly<Record<string, unknown>>

/** What a cost depends on beside the operation. */
export interface CostFacts {
  nowMs: number
  activeDeployments: number
}

/**
 * What a field costs, declared where the field is defined. A field without a declaration costs one point, and what a
 * list holds then counts ten times (engine/operation-cost.ts).
 */
export interface FieldCost {
  /** The names of the arguments that the cost depends on. */
  args?: readonly string[]
  /** Points of the field itself. */
  points?: (args: CostArguments, facts: CostFacts) => number
  /** How many times the selection set of the field counts. */
  multiplier?: (args: CostArguments) => number
  /** The points count once for the page that holds the field, however long the page is. */
  isOnce?: boolean
  /** The same arguments cost more as time passes, or as there are more deployments. */
  growsWithTime?: boolean
  /** Each message of the subscription holds every active deployment. */
  perActiveDeployment?: boolean
}

/**
 * What a page holds counts as often as the page is long. A size that no page may have is refused where the page is
 * made.
 */
export const PAGE_COST: FieldCost = {
  args: ['first', 'last'],
  multiplier({ first, last }) {
    const size = typeof last === 'number' ? last : first
    return typeof size === 'number' ? Math.min(Math.max(size, 1), MAX_PAGE) : DEFAULT_PAGE
  },
}

/** The edges of a page cost nothing: the page has counted them. */
export const EDGES_COST: FieldCost = { points: () => 0, multiplier: () => 1 }

/** The same objects without their edges: what they hold is counted by the page as well. */
export const NODES_COST: FieldCost = { multiplier: () => 1 }

/** A count reads all that the filter of the list finds. */
export const COUNT_COST: FieldCost = { points: () => 10, isOnce: true }

/** JSON as it was given to us: up to 16 KB, half a kilobyte for each point. */
export const JSON_COST: FieldCost = { points: () => 32 }

/** What is found by ids counts once for each id. */
export const IDS_COST: FieldCost = {
  args: ['ids'],
  multiplier: ({ ids }) => (Array.isArray(ids) ? ids.length : 1),
}

/** What a mutation costs beyond its answer: it is a transaction. */
export const MUTATION_COST = 10

/** A bulk change is a transaction for each id, and its answer holds each of them. */
export const BULK_COST: FieldCost = {
  args: ['input'],
  points: ({ input }) => MUTATION_COST * Math.max(0, idsIn(input) - 1) + 1,
  multiplier: ({ input }) => idsIn(input),
}

function idsIn(input: unknown): number {
  const ids = (input as { deploymentIds?: unknown } | undefined)?.deploymentIds
  return Array.isArray(ids) ? ids.length : 1
}

/** A list whose length the field around it has counted. */
export const COUNTED_COST: FieldCost = { multiplier: () => 1 }

const CURVE_POINTS_PER_POINT = 10

/** The field itself, and one point for every ten that a curve may have. */
export function curvePoints({ maxPoints }: CostArguments): number {
  return typeof maxPoints === 'number' ? 1 + Math.ceil(Math.max(0, maxPoints) / CURVE_POINTS_PER_POINT) : 1
}

/** A curve costs by its length; what it holds counts once. */
export const CURVE_COST: FieldCost = { args: ['maxPoints'], points: curvePoints, multiplier: () => 1 }

/** The cost declared for a field, or for every field of its type. */
export function costOfField({ extensions, type }: GraphQLField<unknown, unknown>): FieldCost | undefined {
  return declared({ extensions }) ?? declared(getNamedType(type))
}

function declared({ extensions }: Pick<GraphQLNamedType, 'extensions'>): FieldCost | undefined {
  return (extensions['pothosOptions'] as { cost?: FieldCost } | undefined)?.cost
}

const OVER_SECONDS_PER_POINT = 30

/** What is merged of so many seconds, as a history is; in a list of deployments it counts for each. */
export const OVER_COST: FieldCost = {
  args: ['over'],
  points: ({ over }) => (typeof over === 'number' ? 1 + Math.ceil(Math.max(0, over) / OVER_SECONDS_PER_POINT) : 1),
}

declare global {
  // Pothos merges the options of fields and types from this namespace.
  export namespace PothosSchemaTypes {
    export interface ObjectTypeOptions<Types extends SchemaTypes = SchemaTypes, Shape = unknown> {
      /** The cost of every field that answers with this type. */
      cost?: FieldCost
    }

    export interface FieldOptions<
      Types extends SchemaTypes,
      ParentShape,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveShape,
      ResolveReturnShape,
    > {
      /** What requesting the field costs. */
      cost?: FieldCost
    }
  }
}
