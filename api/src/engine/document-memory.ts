import { type ASTNode, type DocumentNode, type ExecutionArgs, getOperationAST, Kind, visit } from 'graphql'

/** What a running operation takes beside its document: its group, its source and what the feed keeps for it. */
const BYTES_PER_OPERATION = 8 * 1024
/** What a node takes: 150 bytes on average, and 225 where nearly all are inline fragments. Measured, with locations. */
const BYTES_PER_NODE = 240
/** An object, a list or a scalar in variables, with its place in what holds it. */
const BYTES_PER_VALUE = 64
/** Most strings take one. */
const BYTES_PER_CHARACTER = 2

const NOTHING: readonly never[] = []

/**
 * Makes a fresh document small: its nodes no longer hold the tokens of the parser, which are two thirds of it. What
 * errors read of a location stays: its start, end and source.
 */
export function dropTokens(document: DocumentNode): void {
  visit(document, {
    enter(node) {
      const parts = node as unknown as Record<string, unknown>
      const { start = 0, end = 0, source } = node.loc ?? {}
      parts['loc'] = { start, end, source }
      // The parser makes an empty list for each field and each of its arguments.
      for (const name of ['arguments', 'directives']) if (isEmptyList(parts[name])) parts[name] = NOTHING
    },
  })
}

/** Parsed documents are cached, so the same ones come again and again: when all clients reconnect, all at once. */
const bytesOfDocuments = new WeakMap<DocumentNode, number>()

/** The memory that a parsed document takes, with its text. */
export function bytesOfDocument(document: DocumentNode): number {
  const known = bytesOfDocuments.get(document)
  if (known !== undefined) return known
  let nodes = 0
  visit(document, {
    enter() {
      nodes += 1
    },
  })
  const bytes = nodes * BYTES_PER_NODE + (document.loc?.source.body.length ?? 0) * BYTES_PER_CHARACTER
  bytesOfDocuments.set(document, bytes)
  return bytes
}

/**
 * What has to be kept of an operation for as long as it runs: its own definition, the fragments it uses and the
 * variables it declares. Gives the memory that they take, too.
 */
export function runningOperation(args: ExecutionArgs): { args: ExecutionArgs; bytes: number } {
  const document = onlyOperation(args)
  const variableValues = declaredVariables(args)
  const bytes = BYTES_PER_OPERATION + bytesOfDocument(document) + bytesOfValue(variableValues)
  return { args: { ...args, document, variableValues }, bytes }
}

/** The document without its other operations and what only they use. The same document when it has no other. */
function onlyOperation({ document, operationName }: ExecutionArgs): DocumentNode {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
  const operation = getOperationAST(document, operationName)
  if (operations.length < 2 || operation == null) return document
  const used = new Set<ASTNode>([operation])
  // A set is iterated with what is added meanwhile.
  for (const definition of used) {
    visit(definition, {
      FragmentSpread({ name }) {
        const fragment = document.definitions.find(
          (other) => other.kind === Kind.FRAGMENT_DEFINITION && other.name.value === name.value,
        )
        if (fragment !== undefined) used.add(fragment)
      },
    })
  }
  return { ...document, definitions: document.definitions.filter((definition) => used.has(definition)) }
}

function declaredVariables({ document, operationName, variableValues }: ExecutionArgs): Record<string, unknown> {
  const declared: Record<string, unknown> = {}
  for (const { variable } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const name = variable.name.value
    if (variableValues != null && Object.hasOwn(variableValues, name)) declared[name] = variableValues[name]
  }
  return declared
}

/** Of JSON that is not nested too deeply (well-formed-values.ts). */
function bytesOfValue(value: unknown): number {
  if (typeof value === 'string') return BYTES_PER_VALUE + value.length * BYTES_PER_CHARACTER
  if (typeof value !== 'object' || value === null) return BYTES_PER_VALUE
  let bytes = BYTES_PER_VALUE
  for (const [key, inner] of Object.entries(value)) bytes += key.length * BYTES_PER_CHARACTER + bytesOfValue(inner)
  return bytes
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
