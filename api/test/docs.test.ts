import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSchema, parse, parseValue, ScalarLeafsRule, specifiedRules, validate } from 'graphql'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'SECURITY.md', 'CONTRIBUTING.md', ...markdownIn('docs/')]

function markdownIn(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}${name}`)
}

const read = (path: string) => readFileSync(`${root}${path}`, 'utf8')
const schema = buildSchema(read('api/schema.graphql'))

/** What makes a document invalid against the schema; nothing when it is valid. */
function faultsOf(document: string, rules = specifiedRules): string[] {
  try {
    return validate(schema, parse(document), rules).map(({ message }) => `${message}\n${document}`)
  } catch (error) {
    return [`${String(error)}\n${document}`]
  }
}

/** The GraphQL of a page: its fenced blocks, and what curl is given. */
function documentsIn(page: string): string[] {
  const blocks = [...page.matchAll(/^```graphql\n([^]*?)^```/gm)].map(([, block = '']) => block)
  const posted = [...page.matchAll(/-d '(\{"query".*\})'/g)].map(
    ([, json = '']) => JSON.parse(json) as { query: string },
  )
  return [...blocks, ...posted.map(({ query }) => query)]
}

/** Paths of this repository that a page links to. */
function linksOf(page: string): string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => !/^(https?:|#)/.test(target)).map((target) => target.replace(/#.*/, ''))
}

describe.each(pages)('%s', (path) => {
  it('links to what is there, and its GraphQL is valid', () => {
    const page = read(path)
    const folder = path.replace(/[^/]*$/, '')
    expect(linksOf(page).filter((target) => !existsSync(`${root}${folder}${target}`))).toEqual([])
    expect(documentsIn(page).flatMap((document) => faultsOf(document))).toEqual([])
  })
})

/**
 * Files and folders that a page names in code spans, like `api/src/bus/bus.ts` or `fanout/`; not those with
 * placeholders.
 */
function pathsIn(page: string): string[] {
  const spans = [...page.replace(/^```[^]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
  return spans.filter((span) => /^(\.?[\w@-]+\/)+([\w.-]+\.(ts|tsx|mjs|md|json|prisma|graphql|yml))?$/.test(span))
}

it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s names files and folders that exist', (path) => {
  const paths = pathsIn(read(path))
  expect(paths.length).toBeGreaterThan(15)
  // Inside a workspace, a path is relative to its sources.
  const bases = ['', 'api/', 'api/src/', 'client/src/', 'client/src/features/', 'prisma/src/']
  expect(paths.filter((named) => !bases.some((base) => existsSync(`${root}${base}${named}`)))).toEqual([])
})

it('the guide for integrators has GraphQL to check', () => {
  expect(documentsIn(read('docs/integrating.md')).length).toBeGreaterThan(3)
})

it('the examples in the descriptions of queries, mutations and subscriptions are valid', () => {
  // What is asked of an answer may be left out of an example.
  const rules = specifiedRules.filter((rule) => rule !== ScalarLeafsRule)
  const types = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const examples = types.flatMap((type) =>
    Object.values(type?.getFields() ?? {}).flatMap(({ name, description }) => {
      const example = new RegExp(`\\n\\nExample:\\n\`(${name}\\b[^\`]+)\`$`).exec(description ?? '')?.[1]
      return example === undefined ? [] : [`${type?.name.toLowerCase()} { ${example} }`]
    }),
  )
  expect(examples.length).toBeGreaterThanOrEqual(34)
  expect(examples.flatMap((document) => faultsOf(document, rules))).toEqual([])
  const whole = [...read('api/schema.graphql').matchAll(/Example:\s+`(\{[^`]+)`/g)].map(([, document = '']) => document)
  // An input's example is a value: `{ name: "…" }`.
  const isValue = (example: string) => /^\{ \w+: ["[{\dA-Z]/.test(example)
  const documents = whole.filter((example) => !isValue(example))
  expect(documents.length).toBeGreaterThanOrEqual(1)
  expect(documents.flatMap((document) => faultsOf(document))).toEqual([])
  for (const value of whole.filter(isValue)) expect(() => parseValue(value)).not.toThrow()
})
