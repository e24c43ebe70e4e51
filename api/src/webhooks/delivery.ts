/** Why an attempt failed. */
export type DeliveryFailure = 'ADDRESS_REFUSED' | 'CONNECTION_FAILED' | 'TIMED_OUT' | 'STATUS'

export interface DeliveryOutcome {
  /** Of the response; null when there was none. */
  statusCode: number | null
  /** Null for a 2xx response. */
  failure: DeliveryFailure | null
}

/** An attempt as stored with its delivery. */
export interface StoredAttempt extends DeliveryOutcome {
  /** When it began, ISO 8601. */
  at: string
  durationMs: number
}

/** A delivery that we hold the lease of, until `leasedUntil`. */
export interface ClaimedDelivery {
  id: string
  webhookId: string
  leasedUntil: Date
  messageId: string
  body: string
  /** Attempts made so far. */
  attempts: number
  url: string
  /** The current secret first. */
  secrets: string[]
}
