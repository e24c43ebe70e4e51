/** Why an attempt failed. */
export type DeliveryFailure = 'ADDRESS_REFUSED' | 'CONNECTION_FAILED' | 'TIMED_OUT' | 'STATUS'

export interface DeliveryOutcome {
  /** Of the answer; null when there was none. */
  statusCode: number | null
  /** Null for a 2xx answer. */
  failure: DeliveryFailure | null
}

/** An attempt as it is stored with its delivery. */
export interface StoredAttempt extends DeliveryOutcome {
  /** When it began, ISO 8601. */
  at: string
  durationMs: number
}

/** A delivery that is ours to attempt, until `leasedUntil`. */
export interface ClaimedDelivery {
  id: string
  webhookId: string
  leasedUntil: Date
  messageId: string
  body: string
  /** Attempts made before. */
  attempts: number
  url: string
  /** The current one first. */
  secrets: string[]
}
