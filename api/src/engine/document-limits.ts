import type { DocumentNode } from 'graphql'
import { GraphQLError, Kind, Lexer, Source, TokenKind, parse } from 'graphql'
import { DOCUMENT_LIMITS } from '../base/limits.ts'
import { dropTokens } from './document-memory.ts'
import { checkShape } from './document-shape.ts'
import { limitError } from './limit-error.ts'

const OPENING = new Set<string>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const CLOSING = new Set<string>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/**
 * Parses a document that is within the limits. The result is safe to validate: any work that grows faster than the
 * document is bounded, whatever kind of operation it holds.
 * @param charge is called with the number of tokens, before anything that takes time
 * @throws RefusedError LIMIT_EXCEEDED, with the limit; the GraphQLError of graphql-js for a text that is not a
 * document.
 */
export function parseWithinLimits(text: string, charge: (tokens: number) => void = () => undefined): DocumentNode {
  charge(countTokens(text))
  const document = parse(text)
  dropTokens(document)
  checkFragmentNames(document)
  checkShape(document)
  return document
}

/** Checks them too. Runs before the parser, whose stack would overflow on deep nesting. */
function countTokens(text: string): number {
  const lexer = new Lexer(new Source(text))
  let nesting = 0
  let count = 0
  while (lexer.advance().kind !== TokenKind.EOF) {
    count += 1
    if (count > DOCUMENT_LIMITS.tokens) throw limitError('tokens', DOCUMENT_LIMITS.tokens, `at least ${count}`)
    if (OPENING.has(lexer.token.kind)) nesting += 1
    else if (CLOSING.has(lexer.token.kind)) nesting -= 1
    if (nesting > DOCUMENT_LIMITS.nesting) {
      throw limitError('nesting', DOCUMENT_LIMITS.nesting, `at least ${nesting}`)
    }
  }
  return count
}

/**
 * Validation checks for duplicate names too, but counting, which comes before it, has to know which fragment is meant.
 */
function checkFragmentNames({ definitions }: DocumentNode): void {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
  if (fragments.length > DOCUMENT_LIMITS.fragments) {
    throw limitError('fragments', DOCUMENT_LIMITS.fragments, fragments.length)
  }
  const names = new Set<string>()
  for (const { name } of fragments) {
    if (names.has(name.value)) {
      throw new GraphQLError(`There can be only one fragment named "${name.value}".`, {
        nodes: name,
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      })
    }
    names.add(name.value)
  }
}
