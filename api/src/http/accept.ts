const WITH_ERROR_STATUS = 'application/graphql-response+json'
const LEGACY = 'application/json'

const SUBSCRIPTION_PARTS = /^subscriptionspec="?1\.0"?$/

/** GraphQL over HTTP has two: under the older one, an invalid request is answered with 200. */
export type JsonType = typeof WITH_ERROR_STATUS | typeof LEGACY

/** The media types of request bodies, too. */
export const JSON_TYPES: readonly JsonType[] = [LEGACY, WITH_ERROR_STATUS]

/** The forms in which a caller accepts answers. */
export interface Accepted {
  /** For a single answer: the type that `Accept` names first. */
  json: JsonType | undefined
  /** Whether the answer may be an event stream. */
  events: boolean
  /** Whether the answer may be a stream of Apollo's parts for subscriptions. */
  parts: boolean
}

/** Reads an `Accept` header, ignoring its weights. Without one, everything is accepted. */
export function acceptedBy(header: string | undefined): Accepted {
  const accepted: Accepted = { json: undefined, events: false, parts: false }
  for (const entry of (header || '*/*').toLowerCase().split(',')) {
    const [range = '', ...parameters] = entry.split(';').map((part) => part.trim())
    if (range === WITH_ERROR_STATUS) accepted.json ??= WITH_ERROR_STATUS
    else if (range === LEGACY || range === 'application/*' || range === '*/*') accepted.json ??= LEGACY
    if (range === 'text/event-stream' || range === 'text/*' || range === '*/*') accepted.events = true
    // Without this parameter it means parts of a single answer (`@defer`), or files.
    if (range === 'multipart/mixed' && parameters.some((text) => SUBSCRIPTION_PARTS.test(text))) accepted.parts = true
  }
  return accepted
}
