import { isObjectType } from 'graphql'

/**
 * A plugin of codegen: the names of the object types without an `id`. They have no identity of their own, so the
 * client's cache stores them within what holds them.
 */
export function plugin(schema) {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const names = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__') && !roots.includes(type))
    .filter((type) => !('id' in type.getFields()))
    .map(({ name }) => name)
  return `export const KEYLESS_TYPES = ${JSON.stringify(names, null, 2)}\n`
}
