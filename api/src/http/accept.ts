const WITH_ERROR_STATUS = 'application/graphql-response+json'
const LEGACY = 'application/json'

/** GraphQL over HTTP knows two: under the older one, a mistake in what was asked is answered with 200. */
export type JsonType = typeof WITH_ERROR_STATUS | typeof LEGACY

/** What requests may come in, too. */
export const JSON_TYPES: readonly JsonType[] = [LEGACY, WITH_ERROR_STATUS]

/** In what a caller takes answers. */
export interface Accepted {
  /** For an answer in one piece: what its `Accept` names first. */
  json: JsonType | undefined
  /** Whether it may be an event stream. */
  events: boolean
}

/** Reads an `Accept` header; weights in it are ignored. Without one, anything is taken. */
export function acceptedBy(header: string | undefined): Accepted {
  const accepted: Accepted = { json: undefined, events: false }
  for (const entry of (header || '*/*').toLowerCase().split(',')) {
    const range = (entry.split(';', 1)[0] ?? '').trim()
    if (range === WITH_ERROR_STATUS) accepted.json ??= WITH_ERROR_STATUS
    else if (range === LEGACY || range === 'application/*' || range === '*/*') accepted.json ??= LEGACY
    if (range === 'text/event-stream' || range === 'text/*' || range === '*/*') accepted.events = true
  }
  return accepted
}
