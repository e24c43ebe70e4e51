import { type InputIssue, InvalidInputError, RefusedError } from '../base/errors.ts'
import { type NodeName, uuidOf } from '../base/global-ids.ts'

export { decodeId, encodeId, uuidOf } from '../base/global-ids.ts'

/**
 * The UUID in a field of a mutation's input, whose errors come back as data.
 * @throws InvalidInputError
 */
export function inputUuid(type: NodeName, path: string, globalId: string): string {
  try {
    return uuidOf(type, globalId)
  } catch (error) {
    if (error instanceof RefusedError) throw new InvalidInputError([{ path: [path], message: error.message }])
    throw error
  }
}

/**
 * The same for a list of ids: all that are wrong are reported together.
 * @throws InvalidInputError
 */
export function inputUuids(type: NodeName, path: string, globalIds: readonly string[]): string[] {
  const issues: InputIssue[] = []
  const uuids = globalIds.map((globalId, index) => {
    try {
      return uuidOf(type, globalId)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      issues.push({ path: [path, String(index)], message: error.message })
      return ''
    }
  })
  if (issues.length > 0) throw new InvalidInputError(issues)
  return uuids
}
