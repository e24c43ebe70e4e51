import { CloseCode } from 'graphql-ws'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { type RefusalCode, RefusedError } from '../base/errors.ts'
import { CLOSE_MESSAGES, type CloseReason } from './live-connections.ts'

/** Close codes of WebSocket itself, beside those of graphql-transport-ws (CloseCode). */
const SERVICE_RESTART = 1012
const TRY_AGAIN_LATER = 1013
/** How long a reason may be: what fits in a close frame beside its code. */
const MAX_REASON_BYTES = 123

const CODE_OF: Partial<Record<RefusalCode, number>> = {
  UNAUTHENTICATED: CloseCode.Unauthorized,
  UNAVAILABLE: TRY_AGAIN_LATER,
  RATE_LIMITED: TRY_AGAIN_LATER,
}

/** Refuses a `connection_init`. A client of graphql-ws gives up at once at `Unauthorized` only. */
export function refuseInit(socket: WebSocket, error: unknown, log: Logger): void {
  if (error instanceof RefusedError) {
    const reason = Buffer.byteLength(error.message) <= MAX_REASON_BYTES ? error.message : 'Refused'
    socket.close(CODE_OF[error.code] ?? CloseCode.Forbidden, reason)
    return
  }
  log.error({ err: error }, 'authenticating a websocket failed')
  socket.close(TRY_AGAIN_LATER, 'Try again later')
}

/**
 * Closes a socket that was acknowledged. A client that retries after its credential has ended is then refused as
 * `Unauthorized`.
 */
export function closeFor(socket: WebSocket, reason: CloseReason): void {
  if (reason === 'shutdown') socket.close(SERVICE_RESTART, 'Service restart')
  else socket.close(CloseCode.Forbidden, CLOSE_MESSAGES[reason])
}
