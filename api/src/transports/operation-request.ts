import type { OperationRequest } from '../engine/graphql-engine.ts'
import { RequestError } from '../http/request-error.ts'

/**
 * The operation in the body of a POST.
 * @throws RequestError
 */
export function operationOfBody(body: unknown): Omit<OperationRequest, 'bytes'> {
  if (Array.isArray(body)) throw new RequestError(400, 'Send one operation per request, not a list.')
  if (!isObject(body)) throw new RequestError(400, 'The body must be a JSON object with a "query".')
  return operationOf(body)
}

/**
 * The operation in the query string of a GET.
 * @throws RequestError
 */
export function operationOfUrl(url = ''): OperationRequest {
  const search = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  const text = (name: string) => search.get(name) || undefined
  const operation = operationOf({
    query: text('query'),
    operationName: text('operationName'),
    variables: jsonOf('variables', text('variables')),
    extensions: jsonOf('extensions', text('extensions')),
  })
  return { ...operation, bytes: url.length }
}

function operationOf(request: Record<string, unknown>): Omit<OperationRequest, 'bytes'> {
  const { query, operationName, variables, extensions, ...rest } = withEmptyObjects(request)
  const extra = Object.keys(rest).find((name) => rest[name] != null)
  if (extra !== undefined) throw new RequestError(400, `A request has no member ${JSON.stringify(extra)}.`)
  if (query == null && isObject(extensions) && isObject(extensions['persistedQuery'])) {
    // Apollo's protocol: its clients know this message and then send the whole document.
    throw new RequestError(200, 'PersistedQueryNotSupported', 'PERSISTED_QUERY_NOT_SUPPORTED')
  }
  if (typeof query !== 'string') throw new RequestError(400, '"query" must be a string.')
  if (operationName != null && typeof operationName !== 'string') {
    throw new RequestError(400, '"operationName" must be a string.')
  }
  if (variables != null && !isObject(variables)) throw new RequestError(400, '"variables" must be an object.')
  if (extensions != null && !isObject(extensions)) throw new RequestError(400, '"extensions" must be an object.')
  return { query, operationName: operationName ?? null, variables: variables ?? null }
}

/**
 * The payload of an operation whose variables and extensions are objects where they are `[]`: PHP encodes an empty
 * object so. The same payload when there is nothing to change.
 */
export function withEmptyObjects(payload: Record<string, unknown>): Record<string, unknown> {
  const names = ['variables', 'extensions'].filter((name) => isEmptyList(payload[name]))
  return names.length === 0 ? payload : { ...payload, ...Object.fromEntries(names.map((name) => [name, {}])) }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

function jsonOf(name: string, text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    throw new RequestError(400, `"${name}" must be JSON.`)
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
