import {
  type DocumentNode,
  type ExecutionArgs,
  getOperationAST,
  type GraphQLSchema,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { accessOf, type Viewer } from '../base/viewer.ts'

/** The number of a document that may be shared; undefined for one that may not. */
const numbers = new WeakMap<DocumentNode, number | undefined>()
let lastNumber = 0

/**
 * A text that is the same for queries which must have the same answer when they are executed at the same time: the same
 * document (parsed documents are cached, so it is the same object), operation, variables and access. Undefined for what
 * is no query, and for documents with a field that is marked with `ofCaller` (graphql/of-caller.ts).
 */
export function keyOfQuery(args: ExecutionArgs, viewer: Viewer): string | undefined {
  const { schema, document, operationName, variableValues, rootValue } = args
  if (rootValue !== undefined) return undefined
  if (!numbers.has(document)) numbers.set(document, isOfCaller(schema, document) ? undefined : (lastNumber += 1))
  const number = numbers.get(document)
  const operation = getOperationAST(document, operationName)
  if (number === undefined || operation?.operation !== OperationTypeNode.QUERY) return undefined
  const variables: unknown[] = []
  for (const { variable } of operation.variableDefinitions ?? []) {
    const name = variable.name.value
    // One that is left out may have a default value; null replaces it.
    if (variableValues != null && Object.hasOwn(variableValues, name)) variables.push(name, variableValues[name])
  }
  return `${number} ${operationName ?? ''} ${accessOf(viewer)} ${JSON.stringify(variables)}`
}

function isOfCaller(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema)
  let isFound = false
  const Field = () => {
    if (types.getFieldDef()?.extensions['ofCaller'] === true) isFound = true
  }
  visit(document, visitWithTypeInfo(types, { Field }))
  return isFound
}
