import type { Plugin } from 'vite'

const CALL = /\bgraphql\(\s*(?:\/\* GraphQL \*\/\s*)?`([^`]*)`\s*,?\s*\)/g
const NAME = /\b(query|mutation|subscription|fragment)\s+(\w+)/

/**
 * Replaces `graphql(`…`)` with an import of the document that codegen made for it.
 *
 * The generated `graphql()` looks its text up in a table of every document of the client, which would put all of them,
 * as text and as syntax trees, into the first script. Imported by name, each becomes part of the chunk of the page that
 * uses it.
 */
export function directDocuments(): Plugin {
  return {
    name: 'gaugeline:direct-documents',
    enforce: 'pre',
    transform: {
      filter: { id: { include: /\/src\/.*\.tsx?$/, exclude: /\/graphql\/gql\// }, code: 'graphql(`' },
      handler(code, id) {
        const names = new Set<string>()
        const out = code.replace(CALL, (call, source: string) => {
          const match = NAME.exec(source)
          if (!match) throw new Error(`A GraphQL document without a name in ${id}: ${call.slice(0, 80)}`)
          const name = pascal(match[2] ?? '') + (match[1] === 'fragment' ? 'FragmentDoc' : 'Document')
          names.add(name)
          // The same number of lines, so that the line numbers of the source map stay right.
          return `gql$${name}` + '\n'.repeat(call.split('\n').length - 1)
        })
        if (names.size === 0) return null
        const up = id.slice(id.lastIndexOf('/src/') + 5).split('/').length - 1
        const from = `${up === 0 ? './' : '../'.repeat(up)}graphql/gql/graphql.ts`
        const imported = [...names].map((name) => `${name} as gql$${name}`).join(', ')
        return { code: `import { ${imported} } from '${from}';${out}`, map: null }
      },
    },
  }
}

/** Converts a name as codegen does: `Row_deployment` becomes `Row_Deployment`. */
function pascal(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (part) => part.toUpperCase())
}
