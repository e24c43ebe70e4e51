import type { GraphQLResolveInfo } from 'graphql'
import type { FieldPlan } from './operation-plan.ts'

/** Where in the answer a value stands: a chain of links, the last key first. */
export type Path = NonNullable<GraphQLResolveInfo['path']>

/** Of a field of the object at `prev`. */
export function pathOf({ name, parentType }: FieldPlan, prev: Path | undefined): Path {
  return { prev, key: name, typename: parentType.name }
}

/** Of the field that holds the item of a list. */
export function fieldPathOf(path: Path): Path {
  let at = path
  while (typeof at.key === 'number' && at.prev !== undefined) at = at.prev
  return at
}

/** As errors have it. */
export function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = []
  for (let at: Path | undefined = path; at !== undefined; at = at.prev) keys.push(at.key)
  return keys.toReversed()
}
