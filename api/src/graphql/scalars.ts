import {
  type FloatValueNode,
  GraphQLError,
  type IntValueNode,
  Kind,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql'
import { dateTimeText, parseDateTime } from '../base/date-time.ts'
import { builder } from './builder.ts'

/** Reads a literal as the value that it stands for; an error then says where in the document it is. */
function literal<T>(parseValue: (value: unknown) => T): (node: ValueNode) => T {
  return (node) => {
    try {
      return parseValue(valueFromASTUntyped(node))
    } catch (error) {
      throw error instanceof GraphQLError ? new GraphQLError(error.message, { nodes: node }) : error
    }
  }
}

function dateTime(value: unknown): Date {
  const date = typeof value === 'string' ? parseDateTime(value) : undefined
  if (date !== undefined) return date
  throw new GraphQLError('A DateTime is ISO 8601 with an offset, such as "2026-11-23T14:02:00Z".')
}

builder.scalarType('DateTime', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  description: `A point in time, as ISO 8601 with an offset, in the form that RFC 3339 calls \`date-time\`. Answers are in UTC with milliseconds; digits beyond milliseconds are dropped, and leap seconds are refused.

Example:
\`2026-11-23T14:02:00.000Z\``,
  serialize: dateTimeText,
  parseValue: dateTime,
  parseLiteral: literal(dateTime),
})

builder.scalarType('JSON', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
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
      return finite(node)
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

function finite(node: IntValueNode | FloatValueNode): number {
  const value = Number(node.value)
  if (Number.isFinite(value)) return value
  throw new GraphQLError('A number in JSON must be finite.', { nodes: node })
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
  throw new GraphQLError('A cursor is a string from an earlier answer.')
}

builder.scalarType('SampleCursor', {
  extensions: IS_CURSOR,
  description: 'An opaque position in the samples of one deployment. Pass it as `after` to resume.',
  serialize: (value) => value,
  parseValue: cursor,
  parseLiteral: literal(cursor),
})

builder.scalarType('EventCursor', {
  extensions: IS_CURSOR,
  description: 'An opaque position in the log of deployment events. Pass it as `after` to resume.',
  serialize: (value) => value,
  parseValue: cursor,
  parseLiteral: literal(cursor),
})
