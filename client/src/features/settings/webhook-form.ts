import type { CreateWebhookInput, WebhookEventType } from '../../graphql/gql/graphql.ts'

export interface WebhookForm {
  name: string
  url: string
  events: ReadonlySet<WebhookEventType>
  /** Names of models, as they are typed: separated by commas or spaces. */
  models: string
}
export type WebhookField = 'name' | 'url' | 'events' | 'models'

/** The events that a webhook can receive, by the `type` that its messages carry. */
export const WEBHOOK_EVENTS: Record<WebhookEventType, string> = {
  DEPLOYMENT_DEPLOYED: 'deployment.deployed',
  DEPLOYMENT_PAUSED: 'deployment.paused',
  DEPLOYMENT_RESUMED: 'deployment.resumed',
  DEPLOYMENT_DELETED: 'deployment.deleted',
  DEPLOYMENT_SOURCE_CHANGED: 'deployment.source_changed',
  DEPLOYMENT_SOURCE_UP: 'deployment.source_up',
  DEPLOYMENT_SOURCE_DEGRADED: 'deployment.source_degraded',
  DEPLOYMENT_SOURCE_DOWN: 'deployment.source_down',
  TRAINING_JOB_COMPLETED: 'training_job.completed',
  TRAINING_JOB_FAILED: 'training_job.failed',
}
export const EVENT_TYPES = Object.keys(WEBHOOK_EVENTS) as WebhookEventType[]

/** What is wrong with the form, by field, as sentences. The server checks again and decides. */
export function checkWebhook({ name, url, events, models }: WebhookForm): Partial<Record<WebhookField, string>> {
  const problems: Partial<Record<WebhookField, string>> = {}
  const { length } = name.trim()
  if (length === 0) problems.name = 'Enter a name.'
  else if (length > 100) problems.name = 'At most 100 characters.'
  if (!/^https?:\/\//i.test(url.trim()) || !URL.canParse(url.trim()))
    problems.url = 'Must be a URL that starts with https:// or http://'
  if (events.size === 0) problems.events = 'Select at least one.'
  const wrong = namesIn(models).find((model) => !/^[A-Za-z0-9._/-]{1,100}$/.test(model))
  if (wrong !== undefined) problems.models = `“${wrong}” cannot be the name of a model.`
  return problems
}

/** The checked form as the mutation takes it. */
export function toWebhookInput({ name, url, events, models }: WebhookForm): CreateWebhookInput {
  return {
    name: name.trim(),
    url: url.trim(),
    events: EVENT_TYPES.filter((event) => events.has(event)),
    models: namesIn(models),
  }
}

function namesIn(models: string): string[] {
  return models.split(/[\s,]+/).filter((name) => name !== '')
}

/** The field that an issue's path points to. */
export function webhookFieldOf(path: readonly string[]): WebhookField | undefined {
  return (['name', 'url', 'events', 'models'] as const).find((field) => path.includes(field))
}
