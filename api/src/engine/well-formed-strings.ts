import { GraphQLError, Kind, visit, type DocumentNode, type ExecutionArgs } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** How deep values in variables may be nested: whatever walks them after this can do so by recursion. */
const MAX_DEPTH = 64

/**
 * Refuses an operation that holds, in a literal or a variable, a string PostgreSQL could not store: one with NUL, or with
 * half of a surrogate pair; and variables nested too deeply. One place for every field and every transport.
 */
export function useWellFormedStrings<C extends Record<string, unknown>>(): Plugin<object, C> {
  const check = ({
    args,
    setResultAndStopExecution,
  }: {
    args: ExecutionArgs
    setResultAndStopExecution: (result: { errors: GraphQLError[] }) => void
  }) => {
    const message = complaint(args)
    if (message === null) return
    setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })] })
  }
  return {
    onExecute: check,
    onSubscribe: check,
  }
}

/** What is wrong with the strings of an operation, and where; null when all is well. */
function complaint({ document, variableValues }: ExecutionArgs): string | null {
  for (const [name, value] of Object.entries(variableValues ?? {})) {
    const problem = problemOf(value)
    if (problem !== null) return `Variable $${name} ${problem}`
  }
  return hasMalformedString(document) ? `A string in the document ${MALFORMED}` : null
}

/** Documents are parsed once and kept, so this is asked again and again for the same ones. */
const checked = new WeakMap<DocumentNode, boolean>()

function hasMalformedString(document: DocumentNode): boolean {
  const known = checked.get(document)
  if (known !== undefined) return known
  let isMalformed = false
  visit(document, {
    [Kind.STRING](node) {
      isMalformed ||= !isWellFormed(node.value)
    },
  })
  checked.set(document, isMalformed)
  return isMalformed
}

const MALFORMED = 'holds a NUL character or half of a surrogate pair; strings must be well-formed Unicode without NUL.'

/** Level by level, not by recursion: what came may be nested deeper than the stack. */
function problemOf(value: unknown): string | null {
  let level = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return `is nested too deeply; at most ${MAX_DEPTH} levels are taken.`
    const next: unknown[] = []
    for (const item of level) {
      if (typeof item === 'string' && !isWellFormed(item)) return MALFORMED
      if (typeof item !== 'object' || item === null) continue
      if (!Array.isArray(item)) for (const key of Object.keys(item)) next.push(key)
      for (const inner of Object.values(item)) next.push(inner)
    }
    level = next
  }
  return null
}

function isWellFormed(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
