import {
  buildSchema,
  findBreakingChanges,
  DangerousChangeType,
  findDangerousChanges,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql'

/** What a changelog has to say of the way from one schema to another. */
export interface ContractChanges {
  /** In GraphQL.js's words, and the like for what it does not look at. */
  breaking: string[]
  /** Paths of what is marked `@deprecated` and was not before. */
  deprecated: string[]
  /** Paths of what is gone without having been marked in the schema before. */
  goneUnmarked: string[]
}

export function contractChanges(released: string, current: string): ContractChanges {
  const [before, after] = [buildSchema(released), buildSchema(current)]
  const [elements, now] = [elementsOf(before), elementsOf(after)]
  const defaults = findDangerousChanges(before, after).filter(
    ({ type }) => type === DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE,
  )
  return {
    breaking: [
      ...findBreakingChanges(before, after).map(({ description }) => description),
      ...defaults.map(({ description }) => description),
      ...[...elements]
        .filter(([path, { preset }]) => now.has(path) && now.get(path)?.preset !== preset)
        .map(([path]) => `${path} has changed its default.`),
    ],
    deprecated: [...now]
      .filter(([path, { deprecation }]) => deprecation !== null && elements.get(path)?.deprecation === null)
      .map(([path]) => path),
    goneUnmarked: [...elements]
      .filter(([path, { deprecation }]) => deprecation === null && !now.has(path))
      // With its type, everything in it goes.
      .filter(([path]) => after.getType(path.split('.')[0] ?? '') !== undefined)
      .map(([path]) => path),
  }
}

/** Of those changes, what the Unreleased part of a changelog does not say. */
export function undeclared({ breaking, deprecated }: ContractChanges, changelog: string): string[] {
  const unreleased = part(changelog, '## Unreleased', '## ')
  const [saidBreaking, saidDeprecated] = [
    part(unreleased, '### Breaking', '### '),
    part(unreleased, '### Deprecated', '### '),
  ]
  return [
    ...breaking.filter((change) => !saidBreaking.includes(change)).map((change) => `Breaking: ${change}`),
    ...deprecated.filter((path) => !saidDeprecated.includes(`\`${path}\``)).map((path) => `Deprecated: \`${path}\``),
  ]
}

/** The text between a heading and the next one of its level. */
function part(text: string, heading: string, next: string): string {
  const lines = text.split('\n')
  const from = lines.indexOf(heading)
  if (from < 0) return ''
  const to = lines.findIndex((line, n) => n > from && line.startsWith(next))
  return lines.slice(from + 1, to < 0 ? undefined : to).join('\n')
}

interface Element {
  deprecation: string | null
  /** Of an input field. */
  preset: string | null
}

/** Everything that can be marked as deprecated, by its path. */
function elementsOf(schema: GraphQLSchema): Map<string, Element> {
  const found = new Map<string, Element>()
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue
    if (isEnumType(type)) {
      for (const { name, deprecationReason = null } of type.getValues()) {
        found.set(`${type.name}.${name}`, { deprecation: deprecationReason, preset: null })
      }
    } else if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      for (const field of Object.values<GraphQLField<unknown, unknown> | GraphQLInputField>(type.getFields())) {
        const preset = 'defaultValue' in field ? (JSON.stringify(field.defaultValue) ?? null) : null
        found.set(`${type.name}.${field.name}`, { deprecation: field.deprecationReason ?? null, preset })
        if (!('args' in field)) continue
        for (const arg of field.args) {
          const path = `${type.name}.${field.name}(${arg.name}:)`
          found.set(path, { deprecation: arg.deprecationReason ?? null, preset: null })
        }
      }
    }
  }
  return found
}
