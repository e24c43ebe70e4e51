import { GraphQLError, Kind, type ValueNode } from 'graphql'
import { builder } from './builder.ts'

const DATE_TIME = /^(\d{4}-\d{2}-(\d{2}))T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

builder.scalarType('DateTime', {
  description: `A point in time, as ISO 8601 with an offset. Answers are in UTC with milliseconds.

Example:
\`2026-11-23T14:02:00.000Z\``,
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const [text, day, dayOfMonth] = (typeof value === 'string' && DATE_TIME.exec(value)) || []
    if (text !== undefined && day !== undefined) {
      const date = new Date(text)
      // JavaScript reads 30 February as 2 March.
      const exists = new Date(day).getUTCDate() === Number(dayOfMonth)
      if (exists && !Number.isNaN(date.getTime())) return date
    }
    throw new GraphQLError('a DateTime is ISO 8601 with an offset, like "2026-11-23T14:02:00Z"')
  },
})

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => jsonOf(node, variables ?? {}),
})

function jsonOf(node: ValueNode, variables: Record<string, unknown>): unknown {
  switch (node.kind) {
    case Kind.VARIABLE:
      return variables[node.name.value]
    case Kind.INT:
    case Kind.FLOAT:
      return finite(Number(node.value))
    case Kind.NULL:
      return null
    case Kind.LIST:
      return node.values.map((value) => jsonOf(value, variables))
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, jsonOf(field.value, variables)]))
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return node.value
  }
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value
  throw new GraphQLError('a number in JSON must be finite')
}

builder.scalarType('Count', {
  description: 'A whole number from 0 to 2^53 - 1, as a JSON number. Sums exceed the 32 bits of Int within hours.',
  serialize: (value) => {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a whole number up to 2^53 - 1`)
    return value
  },
})

/** Cursors say where a subscription begins and nothing else; subscriptions that differ only in them are shared. */
const IS_CURSOR = { isCursor: true }

const cursor = (value: unknown): string => {
  if (typeof value === 'string') return value
  throw new GraphQLError('a cursor is a string from an earlier answer')
}

builder.scalarType('SampleCursor', {
  extensions: IS_CURSOR,
  description: 'An opaque position in the samples of one deployment. Pass it as `after` to resume.',
  serialize: (value) => value,
  parseValue: cursor,
})

builder.scalarType('EventCursor', {
  extensions: IS_CURSOR,
  description: 'An opaque position in the log of deployment events. Pass it as `after` to resume.',
  serialize: (value) => value,
  parseValue: cursor,
})
