/** Every limit on what callers may send, ask or hold. docs/limits.md says what each is for, and is held to these values. */

/** Of one document. All but the first two are counted with fragments expanded, before validation. */
export const DOCUMENT_LIMITS = {
  tokens: 2_000,
  /** Of brackets, whatever they mean: graphql-js's parser is recursive. */
  nesting: 64,
  depth: 14,
  /** Fields given another name, and every `__typename`. */
  aliases: 30,
  directives: 20,
  fragments: 32,
  /** Fields and fragments, of all operations and fragments together. */
  selections: 2_000,
  /** What validation has to compare: for each response name, its fields × the size of what was written there. */
  comparisons: 10_000,
} as const

/** Points that one operation may cost (engine/operation-cost.ts). */
export const MAX_COST = 5_000

/**
 * Points that the distinct subscriptions of one caller may cost together: each message of one costs what the operation
 * would, and one of the fleet as often as there are deployments.
 */
export const MAX_RUNNING_COST = 200_000

/** Token buckets, one of each kind for every caller. */
export const BUDGETS = {
  /** Points: the cost of queries and mutations, and of parsing what was never seen before. */
  operations: { capacity: 200_000, perSecond: 10_000 },
  /** Subscriptions begun; a thousand clients of one token may all come back at once. */
  subscriptions: { capacity: 20_000, perSecond: 2_000 },
} as const

/** A new document costs a point for so many characters: it has to be parsed and validated, also when it is refused. */
export const CHARACTERS_PER_POINT = 256

/** Ample for any document a person writes; a page of variables fits too. */
export const MAX_GRAPHQL_BODY_BYTES = 256 * 1024

/** Time that a client may take to send. */
export const HEADERS_TIMEOUT_MS = 8_000
/** To receive a whole request. Answers may take as long as they like: streams do. */
export const REQUEST_TIMEOUT_MS = 10_000
/** A connection on which nothing moves in either direction: also one whose reader has stopped. */
export const IDLE_TIMEOUT_MS = 30_000
export const CONNECTIONS_CHECKING_INTERVAL_MS = 1_000

/** WebSockets and event streams whose caller is known. */
export const MAX_LIVE_CONNECTIONS = 10_000
export const MAX_LIVE_CONNECTIONS_PER_CALLER = MAX_LIVE_CONNECTIONS / 4

/** With what waits for credentials, and requests. Beyond it, connections are not accepted. */
export const MAX_TCP_CONNECTIONS = 15_000

/** WebSockets that have not said who they are: room for a thousand clients of one machine that come back at once. */
export const MAX_UNAUTHENTICATED_SOCKETS = 3_000
export const MAX_UNAUTHENTICATED_SOCKETS_PER_ADDRESS = 1_500

/** Of one WebSocket. A message is one operation; a longer document belongs in a POST. */
export const MAX_FRAME_BYTES = 64 * 1024
export const MAX_SUBSCRIPTIONS_PER_SOCKET = 25
/** Messages and pings; `capacity` at once. */
export const SOCKET_MESSAGES = { capacity: 200, perSecond: 50 } as const
/** From the opening of the socket to its acknowledgement, the time we take for it included. */
export const INIT_TIMEOUT_MS = 6_000
export const PING_MS = 12_000
/** Proxies and browsers drop a silent event stream after a minute or less. */
export const HEARTBEAT_MS = 12_000
