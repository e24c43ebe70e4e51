import { describe, expect, it } from 'vitest'
import { canonicalJson, requestHash } from './canonical-json.ts'

describe('canonical JSON', () => {
  it('is the same for the same input, in any key order and with or without empty fields', () => {
    const one = { name: 'a', note: null, deep: { b: [1, { y: 2, x: 1 }], a: 'é' } }
    const other = { deep: { a: 'é', b: [1.0, { x: 1, y: 2 }] }, framework: undefined, name: 'a' }
    expect(canonicalJson(one)).toBe(canonicalJson(other))
    expect(canonicalJson(one)).toBe('{"deep":{"a":"é","b":[1,{"x":1,"y":2}]},"name":"a"}')
  })

  it('differs for another order of lists, other types, nulls within values and odd keys', () => {
    const inputs = [
      { a: [1, 2] },
      { a: [2, 1] },
      { a: '1' },
      { a: 1 },
      { a: { b: null } },
      { a: {} },
      { a: JSON.parse('{"__proto__": {"b": 1}}') as unknown },
      { a: { b: 1 } },
      { a: new Date(0) },
      { a: new Date(1) },
    ]
    expect(new Set(inputs.map(canonicalJson)).size).toBe(inputs.length)
  })

  it('is hashed together with the operation', () => {
    expect(requestHash('one', { a: 1 })).toHaveLength(32)
    expect(requestHash('one', { a: 1 })).toEqual(requestHash('one', { a: 1 }))
    expect(requestHash('other', { a: 1 })).not.toEqual(requestHash('one', { a: 1 }))
  })
})
