import { Kind, visit, type DocumentNode, type ExecutionArgs } from 'graphql'
import { RefusedError } from '../base/errors.ts'

/** How deeply values in variables may be nested. Code that runs after this check can safely walk them by recursion. */
const MAX_DEPTH = 64

/**
 * Refuses an operation with a string, in a literal or a variable, that PostgreSQL cannot store: one that contains NUL
 * or half of a surrogate pair. Refuses variables that are nested too deeply as well, and numbers in them that JSON can
 * be read with but not written: 1e999 becomes Infinity, and that becomes null, which may mean something else. One place
 * for every field and transport.
 */
export function checkValues(args: ExecutionArgs): void {
  const message = complaint(args)
  if (message !== null) throw new RefusedError('BAD_USER_INPUT', message)
}

/** Says what is wrong with the values of an operation, and where; null when they are well-formed. */
function complaint({ document, variableValues }: ExecutionArgs): string | null {
  for (const [name, value] of Object.entries(variableValues ?? {})) {
    const problem = problemOf(value)
    if (problem !== null) return `Variable $${name} ${problem}`
  }
  return hasMalformedString(document) ? `A string in the document ${MALFORMED}` : null
}

/** Documents are parsed once and cached, so the same ones are checked again and again. */
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

const MALFORMED =
  'contains a NUL character or half of a surrogate pair; strings must be well-formed Unicode without NUL.'

/** Goes level by level instead of by recursion: what was received may be nested deeper than the stack allows. */
function problemOf(value: unknown): string | null {
  let level = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return `is nested too deeply; at most ${MAX_DEPTH} levels are accepted.`
    const next: unknown[] = []
    for (const item of level) {
      if (typeof item === 'string' && !isWellFormed(item)) return MALFORMED
      if (typeof item === 'number' && !Number.isFinite(item)) return 'contains a number that is too large.'
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
