import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contractChanges, undeclared } from './contract-changes.ts'

const docs = new URL('../../docs/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, docs), 'utf8')

function changelog(breaking: string, deprecated = ''): string {
  return `# Changelog\n\n## Unreleased\n\n### Breaking\n\n${breaking}\n\n### Deprecated\n\n${deprecated}\n\n## 0.1.0\n\n### Breaking\n\nQuery.b was removed.\n`
}

describe('the contract', () => {
  const [released = '', ...more] = readdirSync(new URL('contract/', docs)).filter((name) => name.endsWith('.graphql'))
  const changes = contractChanges(read(`contract/${released}`), read('../api/schema.graphql'))

  it('is the schema of one release', () => {
    expect(more).toEqual([])
    expect(released).toMatch(/^\d+\.\d+\.\d+\.graphql$/)
  })

  it('has no breaking change and no new deprecation that the changelog does not declare', () => {
    expect(
      undeclared(changes, read('../CHANGELOG.md')),
      'Declare these in CHANGELOG.md, under Unreleased (docs/stability.md)',
    ).toEqual([])
  })

  it('removes nothing that was not deprecated before', () => {
    expect(changes.goneUnmarked, 'Mark these as deprecated first (docs/stability.md)').toEqual([])
  })
})

describe('a change', () => {
  it.each([
    ['a field that goes', 'type Query { a: Int b: Int }', 'type Query { a: Int }', 'Query.b was removed.'],
    [
      'an argument with another default',
      'type Query { a(n: Int = 1): Int }',
      'type Query { a(n: Int = 2): Int }',
      'Query.a arg n has changed defaultValue from 1 to 2.',
    ],
    [
      'an input field with another default',
      'type Query { a(i: I): Int } input I { n: Int = 1 }',
      'type Query { a(i: I): Int } input I { n: Int }',
      'I.n has changed its default.',
    ],
  ])('of %s is breaking until the changelog says so', (_what, before, after, words) => {
    const changes = contractChanges(before, after)
    expect(undeclared(changes, changelog('Nothing.'))).toEqual([`Breaking: ${words}`])
    expect(undeclared(changes, changelog(`- ${words} Do that instead.`))).toEqual([])
  })

  it('that adds is not breaking', () => {
    const changes = contractChanges(
      'type Query { a: E } enum E { X }',
      'type Query { a(n: Int): E b: Int } enum E { X Y }',
    )
    expect(changes).toEqual({ breaking: [], deprecated: [], goneUnmarked: [] })
  })

  it('that deprecates must be declared, once', () => {
    const [before, marked] = [
      'type Query { a: Int b: Int }',
      'type Query { a: Int b: Int @deprecated(reason: "Use a.") }',
    ]
    expect(undeclared(contractChanges(before, marked), changelog('Nothing.'))).toEqual(['Deprecated: `Query.b`'])
    expect(undeclared(contractChanges(before, marked), changelog('Nothing.', '- `Query.b`: use `a`.'))).toEqual([])
    expect(undeclared(contractChanges(marked, marked), changelog('Nothing.'))).toEqual([])
  })

  it('that removes something must follow its deprecation', () => {
    const after = 'type Query { a: Int }'
    expect(contractChanges('type Query { a: Int b: Int }', after).goneUnmarked).toEqual(['Query.b'])
    expect(contractChanges('type Query { a: Int b: Int @deprecated }', after).goneUnmarked).toEqual([])
  })
})
