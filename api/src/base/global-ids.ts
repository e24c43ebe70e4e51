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
  return Buffer.from(`${typename}:${id}`).toString('base64')
}
