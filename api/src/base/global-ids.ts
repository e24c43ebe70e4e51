import { RefusedError } from './errors.ts'

/** The types that have global ids. */
export const NODE_NAMES = [
  'Model',
  'TrainingJob',
  'Deployment',
  'DeploymentEvent',
  'ApiToken',
  'Webhook',
  'WebhookDelivery',
] as const
export type NodeName = (typeof NODE_NAMES)[number]

/** A global id is the base64 of `Type:uuid`. */
export function encodeId(typename: string, id: string): string {
  // Both are ASCII; a third of the time that a buffer takes.
  return btoa(`${typename}:${id}`)
}

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

function shown(globalId: string): string {
  return JSON.stringify(globalId.length > 60 ? `${globalId.slice(0, 60)}…` : globalId)
}
