import type { IncomingMessage } from 'node:http'
import type { CallerAddress } from '../auth/caller-addresses.ts'

/** The address a request comes from, as far as it is known. */
export function callerOf({ headers, socket }: IncomingMessage): CallerAddress {
  const forwardedFor = headers['x-forwarded-for']
  return {
    address: socket.remoteAddress,
    forwardedFor: Array.isArray(forwardedFor) ? forwardedFor.join() : forwardedFor,
  }
}
