import type { DocumentNode, ExecutionArgs } from 'graphql'
import { getOperationAST, separateOperations, TypeInfo, visit, visitWithTypeInfo } from 'graphql'

/**
 * Whether every message of an operation says only what belongs to its position: then it is the same whenever it is
 * made, and can be kept. A type says so itself, with the extension `ofPosition: true`: all its values come from the
 * payload alone. A type that says nothing may be read from anywhere, and can have changed since.
 */
export function belongsToPosition({ schema, document, operationName }: ExecutionArgs): boolean {
  const root = schema.getSubscriptionType()
  const types = new TypeInfo(schema)
  let belongs = true
  const Field = () => {
    const parent = types.getParentType()
    if (parent !== root && parent?.extensions['ofPosition'] !== true) belongs = false
  }
  visit(executed(document, operationName), visitWithTypeInfo(types, { Field }))
  return belongs
}

/** The operation that is executed, and the fragments that it uses. */
function executed(document: DocumentNode, operationName: ExecutionArgs['operationName']): DocumentNode {
  const name = getOperationAST(document, operationName)?.name?.value ?? ''
  return separateOperations(document)[name] ?? document
}
