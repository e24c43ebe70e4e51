import type { Clock } from '../base/clock.ts'
import { type AddressGuard, AddressRefusedError } from '../outbound/address-guard.ts'
import type { ClaimedDelivery, DeliveryOutcome } from './delivery.ts'
import { post } from './post-message.ts'
import { signedHeaders } from './signatures.ts'

/** For resolving, connecting, sending and receiving the status together. */
const ATTEMPT_TIMEOUT_MS = 10_000

export interface AttemptOptions {
  guard: AddressGuard
  clock: Clock
  timeoutMs?: number
}

/** Attempts a delivery once. Rejects only when `stop` aborts it. */
export async function attemptDelivery(
  { messageId, body, url, secrets }: ClaimedDelivery,
  { guard, clock, timeoutMs = ATTEMPT_TIMEOUT_MS }: AttemptOptions,
  stop: AbortSignal,
): Promise<DeliveryOutcome> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([timeout, stop])
  try {
    const to = new URL(url)
    const addresses = await guard.addressesOf(to, signal)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Gaugeline',
      ...signedHeaders({ id: messageId, atMs: clock.now(), body }, secrets),
    }
    const statusCode = await post({ url: to, addresses, headers, body, signal })
    return { statusCode, failure: statusCode >= 200 && statusCode <= 299 ? null : 'STATUS' }
  } catch (error) {
    stop.throwIfAborted()
    if (error instanceof AddressRefusedError) return { statusCode: null, failure: 'ADDRESS_REFUSED' }
    return { statusCode: null, failure: timeout.aborted ? 'TIMED_OUT' : 'CONNECTION_FAILED' }
  }
}
