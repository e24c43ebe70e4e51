import { NODE_NAMES, type NodeName } from '../base/global-ids.ts'
import { type InputIssue, InvalidInputError, RefusedError } from '../base/errors.ts'

export { encodeId } from '../base/global-ids.ts'

const GLOBAL_ID = new RegExp(`^(${NODE_NAMES.join('|')}):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

/** @throws RefusedError BAD_USER_INPUT. */
export function decodeId(globalId: string): { typename: string; id: string } {
  const bytes = Buffer.from(globalId, 'base64')
  const match = GLOBAL_ID.exec(bytes.toString('latin1'))
  // The decoder is lenient; comparing ensures that each object has exactly one id.
  if (!match?.[1] || !match[2] || bytes.toString('base64') !== globalId) {
    throw new RefusedError('BAD_USER_INPUT', `${shown(globalId)} is not an id of Gaugeline.`)
  }
  return { typename: match[1], id: match[2] }
}

/**
 * The UUID in an id of this type.
 * @throws RefusedError BAD_USER_INPUT.
 */
export function uuidOf(type: NodeName, globalId: string): string {
  const { typename, id } = decodeId(globalId)
  if (typename !== type) {
    throw new RefusedError('BAD_USER_INPUT', `${shown(globalId)} is the id of a ${typename}, not of a ${type}.`)
  }
  return id
}

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

function shown(globalId: string): string {
  return JSON.stringify(globalId.length > 60 ? `${globalId.slice(0, 60)}…` : globalId)
}
