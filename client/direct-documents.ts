import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type DocumentNode, print, stripIgnoredCharacters } from 'graphql'
import type { Plugin } from 'vite'

const CALL = /\bgraphql\(\s*(?:\/\* GraphQL \*\/\s*)?`([^`]*)`\s*,?\s*\)/g
/** Documents that are imported by name, without types among them. */
const IMPORT = /import \{([\w,\s]+)\} from '[./]*(?:graphql\/)?gql\/graphql\.ts'/g
const NAME = /\b(query|mutation|subscription|fragment)\s+(\w+)/

const GENERATED = fileURLToPath(new URL('src/graphql/gql/graphql.ts', import.meta.url))
/** A document as a module of its own: what follows is the name of the document. */
const MODULE = 'gaugeline:document/'

/**
 * Replaces `graphql(`…`)` with an import of the document that codegen made for it, as a module of its own.
 *
 * The generated `graphql()` looks its text up in a table of every document of the client, and all documents are in one
 * file. Either would put all of them into the first script. As modules, each becomes part of the chunk of the page that
 * uses it. They are texts, which urql parses when the page is loaded: a syntax tree is three times as large, compressed.
 */
export function directDocuments(): Plugin {
  return {
    name: 'gaugeline:direct-documents',
    enforce: 'pre',
    resolveId: {
      filter: { id: new RegExp(`^${MODULE}`) },
      handler: (id) => `\0${id}`,
    },
    load: {
      filter: { id: new RegExp(`^\\0${MODULE}`) },
      async handler(id) {
        this.addWatchFile(GENERATED)
        const name = id.slice(id.lastIndexOf('/') + 1)
        const text = JSON.stringify(textOf(await readFile(GENERATED, 'utf8'), name))
        return `import { createRequest } from '@urql/core'; export default createRequest(${text}, {}).query`
      },
    },
    transform: {
      filter: {
        id: { include: /\/src\/.*\.tsx?$/, exclude: /\/graphql\/gql\// },
        code: /graphql\(`|gql\/graphql\.ts'/,
      },
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
        const imports = [...names].map((name) => `import gql$${name} from '${MODULE}${name}';`)
        const direct = out.replace(IMPORT, (statement, list: string) => {
          const imported = list.split(',').flatMap((name) => name.trim() || [])
          const lines = imported.map((name) => `import ${name} from '${MODULE}${name}';`)
          return lines.join('') + '\n'.repeat(statement.split('\n').length - 1)
        })
        return direct === code ? null : { code: imports.join('') + direct, map: null }
      },
    },
  }
}

/** The text of a document that codegen has written as an object, with the fragments that it needs. */
function textOf(generated: string, name: string): string {
  const start = `export const ${name} = `
  const from = generated.indexOf(start)
  const to = generated.indexOf(' as unknown as DocumentNode', from)
  if (from === -1 || to === -1) throw new Error(`Codegen has made no document ${name}`)
  // oxlint-disable-next-line typescript/no-implied-eval -- what codegen has written for us
  const document = new Function(`return ${generated.slice(from + start.length, to)}`) as () => DocumentNode
  return stripIgnoredCharacters(print(document()))
}

/** Converts a name as codegen does: `Row_deployment` becomes `Row_Deployment`. */
function pascal(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (part) => part.toUpperCase())
}
