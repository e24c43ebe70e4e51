import { buildSchema, type GraphQLError, parse, print, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { heapUsed } from '../../test/heap-used.ts'
import { bytesOfDocument, runningOperation } from './document-memory.ts'
import { parseWithinLimits } from './document-limits.ts'

/** Documents that are within the limits, and as large as possible in one way. */
const LARGE: Record<string, (one: number) => string> = {
  fields: (one) => `subscription S${one} { a { ${Array.from({ length: 390 }, (_, i) => `f${i % 97}`).join(' ')} } }`,
  arguments: (one) => `subscription S${one} { a { ${Array.from({ length: 90 }, (_, i) => `f${i}(c: 1)`).join(' ')} } }`,
  list: (one) => `subscription S${one} { a(x: [${'1 '.repeat(1_900)}]) { b } }`,
  objects: (one) => `subscription S${one} { a(x: [${'{a:1}'.repeat(370)}]) { b } }`,
  'inline fragments': (one) => `subscription S${one} { a { ${'...{a}'.repeat(60)} } }`,
  string: (one) => `subscription S${one} { a(x: "${'ä'.repeat(6_000)}") { b } }`,
}

const schema = buildSchema(`
  type Query { now: Int }
  type Subscription { count(to: Int, note: String): Count }
  type Count { value: Int, next: Count }
`)

describe('a parsed document', () => {
  it('takes no more of the heap than is counted for it, whatever it consists of', () => {
    const documents: unknown[] = []
    const shares = Object.entries(LARGE).map(([what, textOf]) => {
      const before = heapUsed()
      let counted = 0
      for (let one = 0; one < 40; one += 1) {
        // A round trip makes a string of its own.
        const document = parseWithinLimits(JSON.parse(JSON.stringify(textOf(one))) as string)
        counted += bytesOfDocument(document)
        documents.push(document)
      }
      return { what, share: (heapUsed() - before) / counted }
    })
    expect(shares.filter(({ share }) => share > 1)).toEqual([])
    expect(documents).toHaveLength(240)
  })

  it('has no tokens any more, and its errors have the same locations as before', () => {
    const text = '# note\n{\n now,, nothing\n  other(x: 1) }'
    const document = parseWithinLimits(text)
    expect(JSON.stringify(document.definitions[0]?.loc)).not.toContain('Token')
    const shown = (errors: readonly GraphQLError[]) => errors.map(({ message, locations }) => ({ message, locations }))
    expect(shown(validate(schema, document))).toEqual(shown(validate(schema, parse(text))))
    expect(String(validate(schema, document)[0])).toBe(String(validate(schema, parse(text))[0]))
  })
})

describe('a running operation', () => {
  const text = `query Other { ...Unused } fragment Unused on Query { now }
    subscription Mine($to: Int) { count(to: $to) { ...Outer } }
    fragment Outer on Count { next { ...Inner } } fragment Inner on Count { value }`
  const kept = `subscription Mine($to: Int) { count(to: $to) { ...Outer } }
    fragment Outer on Count { next { ...Inner } } fragment Inner on Count { value }`

  it('keeps its own definition, the fragments it uses and the variables it declares', () => {
    const document = parseWithinLimits(text)
    const variableValues = { to: 3, other: 'x'.repeat(100_000) }
    const { args, bytes } = runningOperation({ schema, document, operationName: 'Mine', variableValues })
    expect(print(args.document)).toBe(print(parse(kept)))
    expect(args.variableValues).toEqual({ to: 3 })
    expect(bytes).toBeLessThan(20_000)
  })

  it('is counted with the values of its variables', () => {
    const document = parseWithinLimits('subscription ($note: String) { count(note: $note) { value } }')
    const bytesOf = (note: unknown) => runningOperation({ schema, document, variableValues: { note } }).bytes
    expect(bytesOf('x'.repeat(1_000)) - bytesOf('')).toBe(2_000)
    expect(bytesOf([[], {}, { a: 1 }]) - bytesOf([])).toBeGreaterThanOrEqual(4 * 64)
  })

  it('keeps a document that has no other operation as it is, so that equal ones share it', () => {
    const document = parseWithinLimits(kept)
    expect(runningOperation({ schema, document }).args.document).toBe(document)
  })
})
