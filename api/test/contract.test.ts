import { readdirSync, readFileSync } from 'node:fs'
import { buildSchema, findBreakingChanges } from 'graphql'
import { describe, expect, it } from 'vitest'

const docs = new URL('../../docs/', import.meta.url)

/** Breaking changes from one schema to another that the changelog does not declare under Unreleased, Breaking. */
function undeclared(released: string, current: string, changelog: string): string[] {
  const unreleased = /^## Unreleased\n([^]*?)(?=^## |$(?![^]))/m.exec(changelog)?.[1] ?? ''
  const declared = /^### Breaking\n([^]*?)(?=^### |$(?![^]))/m.exec(unreleased)?.[1] ?? ''
  return findBreakingChanges(buildSchema(released), buildSchema(current))
    .map(({ description }) => description)
    .filter((description) => !declared.includes(description))
}

describe('the contract', () => {
  it('has no breaking change since the last release that the changelog does not declare', () => {
    const [released] = readdirSync(new URL('contract/', docs)).filter((name) => name.endsWith('.graphql'))
    const read = (path: string) => readFileSync(new URL(path, docs), 'utf8')
    expect(released).toBeDefined()
    expect(undeclared(read(`contract/${released}`), read('../api/schema.graphql'), read('../CHANGELOG.md'))).toEqual([])
  })

  it('is broken by a field that goes, and may be when the changelog says so', () => {
    const [before, after] = ['type Query { a: Int b: Int }', 'type Query { a: Int }']
    const text = (breaking: string) => `# Changelog\n\n## Unreleased\n\n### Breaking\n\n${breaking}\n\n## 0.1.0\n\nQuery.b was removed.\n`
    expect(undeclared(before, after, text('Nothing.'))).toEqual(['Query.b was removed.'])
    expect(undeclared(before, after, text('- Query.b was removed. Use a.'))).toEqual([])
    expect(undeclared(after, before, text('Nothing.'))).toEqual([])
  })
})
