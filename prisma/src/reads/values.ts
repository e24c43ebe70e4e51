import pg from 'pg'
import type { Column } from './tables.ts'

/** A value as PostgreSQL writes it, to what Prisma gives for it. Null for text, which is what it is. */
export type Decode = ((text: string) => unknown) | null

/** How a column is read. */
export function decoderOf({ type, isEnum, isList, field }: Column): Decode {
  const item = isEnum ? null : scalars.get(type)
  if (item === undefined) throw new Error(`A column of the type ${type} cannot be read: ${field}`)
  if (!isList) return item
  return item === null ? parseTexts : (text) => parseTexts(text).map((value) => item(value))
}

const scalars = new Map<string, Decode>([
  ['String', null],
  ['Boolean', (text) => text === 't'],
  ['Int', Number],
  ['Float', Number],
  ['BigInt', BigInt],
  ['DateTime', parseTime],
  ['Json', (text): unknown => JSON.parse(text)],
  ['Bytes', (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'))],
])

/** Of `text[]`; pg's types name no arrays. */
const TEXT_ARRAY = 1009
const types: { getTypeParser: (id: number) => unknown } = pg.types
const parseList = types.getTypeParser(TEXT_ARRAY) as (text: string) => string[]

function parseTexts(text: string): string[] {
  return text === '{}' ? [] : parseList(text)
}

const parseAnyTime = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ) as (text: string) => Date

/** A `timestamptz` in a session in UTC, like `2026-11-30 20:32:16.123+00`: the parser of pg takes ten times as long. */
export function parseTime(text: string): Date {
  const { length } = text
  // With up to three digits after the point, and a year that Date.UTC does not take for one of the last century.
  const isUsual = length >= 22 && length <= 26 && text.charCodeAt(10) === 0x20 && text.endsWith('+00')
  if (!isUsual || text.startsWith('00')) return parseAnyTime(text)
  let ms = 0
  for (let at = 20, weight = 100; at < length - 3; at += 1, weight /= 10) ms += digit(text, at) * weight
  return new Date(
    Date.UTC(
      pair(text, 0) * 100 + pair(text, 2),
      pair(text, 5) - 1,
      pair(text, 8),
      pair(text, 11),
      pair(text, 14),
      pair(text, 17),
      ms,
    ),
  )
}

function pair(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1)
}

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - 0x30
}

const parsersOfTypes = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.TIMESTAMPTZ, parseTime],
  [pg.types.builtins.INT8, Number],
])

/** How a column is read of which only the type in the database is known: as a connection of ours does, only faster. */
export function parserOf(typeId: number): (text: string) => unknown {
  return parsersOfTypes.get(typeId) ?? (types.getTypeParser(typeId) as (text: string) => unknown)
}

/** A value as a parameter of a statement, as PostgreSQL reads it. */
export function parameterOf(value: unknown): string | Uint8Array | null {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) return `{${value.map(itemOf).join(',')}}`
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  return JSON.stringify(value)
}

function itemOf(value: unknown): string {
  const text = parameterOf(value)
  if (text === null) return 'NULL'
  if (typeof text !== 'string') return `"\\\\x${Buffer.from(text).toString('hex')}"`
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
