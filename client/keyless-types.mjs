import { isObjectType } from 'graphql'

/**
 * A codegen plugin that writes the names of the object types without an `id`. The client's cache cannot normalise them,
 * so it stores each within the object that contains it.
 */
export function plugin(schema) {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const names = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__') && !roots.includes(type))
    .filter((type) => !('id' in type.getFields()))
    .map(({ name }) => name)
  return `export const KEYLESS_TYPES = ${JSON.stringify(names, null, 2)}\n`
}
