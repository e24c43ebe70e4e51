import type { WebhookEventType } from '@gaugeline/prisma'
import { InputChecks } from '../base/input-checks.ts'
import { checkName, plainName } from '../base/names.ts'
import { type IdempotencyKey, checkIdempotencyKey } from '../idempotency/idempotency.ts'
import { checkModelName } from '../models/models.ts'

const MAX_NAME = 100
const MAX_URL = 2000
const MAX_MODELS = 100

export interface NewWebhook {
  name: string
  url: string
  events: readonly WebhookEventType[]
  /** Names of the models whose events are sent; all models when it is empty or left out. */
  models?: readonly string[] | null | undefined
}

/** Fields that are left out stay as they are. */
export interface WebhookUpdate {
  name?: string | null | undefined
  url?: string | null | undefined
  events?: readonly WebhookEventType[] | null | undefined
  models?: readonly string[] | null | undefined
  enabled?: boolean | null | undefined
}

/**
 * Checks the form only: where the URL leads is checked by AddressGuard.
 * @throws InvalidInputError
 */
export function checkWebhook({ name, url, events, models }: WebhookUpdate, idempotencyKey?: IdempotencyKey): void {
  const checks = new InputChecks()
  checkName(checks, ['name'], name, { min: 1, max: MAX_NAME })
  if (url != null) checkUrl(checks, url)
  if (events != null && events.length === 0) checks.add(['events'], 'must name at least one event.')
  if (models != null && models.length > MAX_MODELS) {
    checks.add(['models'], `must have at most ${MAX_MODELS} names, not ${models.length}.`)
  }
  for (const [index, model] of (models ?? []).slice(0, MAX_MODELS).entries()) {
    checkModelName(checks, ['models', String(index)], model)
  }
  checkIdempotencyKey(checks, idempotencyKey)
  checks.done()
}

/** With its name and its URL as they are stored: what is shown of a URL is where it leads. */
export function withPlainForms<Input extends WebhookUpdate>(webhook: Input): Input {
  const { name, url } = webhook
  return {
    ...webhook,
    ...(name != null && { name: plainName(name) }),
    ...(url != null && { url: new URL(url).href }),
  }
}

function checkUrl(checks: InputChecks, text: string): void {
  const add = (message: string) => checks.add(['url'], message)
  if (text.length > MAX_URL) return add(`must have at most ${MAX_URL} characters, not ${text.length}.`)
  if (!URL.canParse(text)) return add('must be a URL like https://example.com/hooks.')
  const { protocol, username, password, href } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') add('must begin with https:// or http://.')
  else if (username !== '' || password !== '') add('must not contain a user or password: every body is signed instead.')
  else if (text.includes('#')) add('must not contain a fragment: it would not be sent.')
  else if (href.length > MAX_URL) add(`must have at most ${MAX_URL} characters once it is encoded.`)
}
