import { GraphQLError, Kind, visit, type ExecutionArgs } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/**
 * Refuses an operation that holds, in a literal or a variable, a string PostgreSQL could not store: one with NUL, or with
 * half of a surrogate pair. One place for every field and every transport.
 */
export function refuseMalformedStrings<C extends Record<string, unknown>>(): Plugin<object, C> {
  const check = ({
    args,
    setResultAndStopExecution,
  }: {
    args: ExecutionArgs
    setResultAndStopExecution: (result: { errors: GraphQLError[] }) => void
  }) => {
    const where = malformedString(args)
    if (where === null) return
    const message = `${where} holds a NUL character or half of a surrogate pair; strings must be well-formed Unicode without NUL.`
    setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })] })
  }
  return {
    onExecute: check,
    onSubscribe: check,
  }
}

/** Says which variable, or that a literal; null when all is well. */
function malformedString({ document, variableValues }: ExecutionArgs): string | null {
  for (const [name, value] of Object.entries(variableValues ?? {})) {
    if (holdsMalformed(value)) return `Variable $${name}`
  }
  let literal = false
  visit(document, {
    [Kind.STRING](node) {
      literal ||= !isWellFormed(node.value)
    },
  })
  return literal ? 'A string in the document' : null
}

function holdsMalformed(value: unknown): boolean {
  if (typeof value === 'string') return !isWellFormed(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, item]) => !isWellFormed(key) || holdsMalformed(item))
}

function isWellFormed(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
