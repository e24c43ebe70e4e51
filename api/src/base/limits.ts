/**
 * Every limit on what callers may send, ask for or hold. docs/limits.md explains each; a test compares it with these
 * values.
 */

/** Per document. All but the first two are counted before validation, with fragments expanded. */
export const DOCUMENT_LIMITS = {
  tokens: 2_000,
  /** Of brackets of any kind: graphql-js's parser is recursive. */
  nesting: 64,
  depth: 14,
  /** Aliased fields, and each `__typename` that is repeated within the same braces. */
  aliases: 30,
  directives: 20,
  fragments: 32,
  /** Fields and fragments, of all operations and fragments together. */
  selections: 2_000,
  /** Work of validation: for each response name, the number of its fields × the size of their selections. */
  comparisons: 10_000,
} as const

/** The points that one operation may cost (engine/operation-cost.ts). */
export const MAX_COST = 5_000

/**
 * The points that the distinct subscriptions of one caller may cost together. Each message costs as much as the
 * operation would, and what it takes to send it; a message of the fleet counts each of its deployments. Measured at 1.3
 * to 1.8 µs for a point: a fifth of a core with windows of a second.
 */
export const MAX_RUNNING_COST = 100_000

/** All open subscriptions of one caller, also where many are equal. */
export const MAX_SUBSCRIPTIONS_PER_CALLER = 62_500

/**
 * How much of the heap the running subscriptions of one caller may take, and those of all. Each counts
 * `SUBSCRIPTION_BYTES`; distinct ones also what is kept of their documents and variables (engine/document-memory.ts).
 */
export const RUNNING_HEAP_PERCENT_PER_CALLER = 20
export const RUNNING_HEAP_PERCENT = 40
/** What an open subscription takes by itself, on any transport. Measured: 7 KB. */
export const SUBSCRIPTION_BYTES = 8 * 1024

/** An answer, or a message of a subscription, as JSON. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/**
 * What was made for a caller and not yet taken from this process: beyond the first, it gets no further answers; beyond
 * the second, and beyond the third for all callers, connections are cut.
 */
export const UNREAD_BYTES_TO_READ_FIRST = 64 * 1024 * 1024
export const MAX_UNREAD_BYTES_PER_CALLER = 128 * 1024 * 1024
export const MAX_UNREAD_BYTES = 256 * 1024 * 1024

/** The bytes of requests that are received, wait or run. Parsed, they take several times as much. */
export const MAX_REQUEST_BYTES_PER_CALLER = 8 * 1024 * 1024
export const MAX_REQUEST_BYTES = 32 * 1024 * 1024

/** The memory that the cache of documents may take. */
export const MAX_CACHED_DOCUMENT_BYTES = 32 * 1024 * 1024

/** Token buckets, one of each kind for every caller. */
export const BUDGETS = {
  /** Points: the cost of queries and mutations, and of parsing new documents. */
  operations: { capacity: 200_000, perSecond: 10_000 },
  /** New subscriptions; a thousand clients with one token may all reconnect at once. */
  subscriptions: { capacity: 20_000, perSecond: 2_000 },
} as const

/**
 * A document that was not seen before is parsed and validated, which blocks the event loop: it costs a point per this
 * many characters, and one per this many tokens, even if it is then refused. With about 4 µs for each token, a point
 * stands for as much work as one of an answer.
 */
export const CHARACTERS_PER_POINT = 256
export const TOKENS_PER_POINT = 2

/**
 * The calls of one caller: so many run at once, and so many more wait in line. Of a subscription, its beginning is a
 * call. The budget for subscriptions bounds how many of those can wait.
 */
export const CALLS = {
  queries: { atOnce: 4, waiting: 1_000 },
  mutations: { atOnce: 2, waiting: 1_000 },
  subscriptions: { atOnce: 8, waiting: 20_000 },
} as const
/** Pages that are read at once for one caller; the others of its operations wait. Each is a statement, or several. */
export const MAX_PAGES_AT_ONCE = 3
/** How long a call may wait for its turn. */
export const CALL_WAIT_MS = 15_000
/**
 * Exports, and scrapes of the metrics of deployments, each: how many run at once for a caller and for all, and how many
 * of a caller wait. They may last as long as their readers read.
 */
export const MAX_EXPORTS_PER_CALLER = 2
export const MAX_EXPORTS = 16
export const MAX_WAITING_EXPORTS_PER_CALLER = 100
/** In this time a reader must have taken a part of some 60 KB. */
export const MAX_EXPORT_STALL_MS = 20_000
/** Documents of one caller, not seen before, that may wait to be parsed. One turn of the event loop parses one. */
export const MAX_WAITING_DOCUMENTS = 1_000

/** Ample for any document a person writes, with a page of variables. */
export const MAX_GRAPHQL_BODY_BYTES = 256 * 1024

/** A report of metrics, as it is sent and unpacked. */
export const MAX_REPORT_BYTES = 4 * 1024 * 1024
/** Requests in one call of reportInferences. */
export const MAX_REPORTED_REQUESTS = 1_000

/** The time that a client may take to send its headers. */
export const HEADERS_TIMEOUT_MS = 8_000
/** The time to receive a whole request. Responses may take any time, as streams do. */
export const REQUEST_TIMEOUT_MS = 10_000
/** A connection without traffic in either direction is closed after this time: also one whose reader has stopped. */
export const IDLE_TIMEOUT_MS = 30_000
export const CONNECTIONS_CHECKING_INTERVAL_MS = 1_000

/** Authenticated WebSockets and event streams. */
export const MAX_LIVE_CONNECTIONS = 10_000
export const MAX_LIVE_CONNECTIONS_PER_CALLER = MAX_LIVE_CONNECTIONS / 4

/** All connections, including requests and unauthenticated sockets. Beyond it, connections are not accepted. */
export const MAX_TCP_CONNECTIONS = 15_000
/** Beyond it, a new connection takes the place of the one that has been kept alive between requests for longest. */
export const CROWDED_TCP_CONNECTIONS = 13_500
/** How long a connection stays open between requests: longer than load balancers keep theirs (60 s). A setting. */
export const KEEP_ALIVE_SECONDS = 75

/** Unauthenticated WebSockets: a thousand clients of one machine may reconnect at once. */
export const MAX_UNAUTHENTICATED_SOCKETS = 3_000
export const MAX_UNAUTHENTICATED_SOCKETS_PER_ADDRESS = 1_500

/** Bytes of a WebSocket before its caller is known: ample for a `connection_init`, and for a few pongs. */
export const MAX_UNKNOWN_RECEIVED_BYTES = 16 * 1024
export const MAX_UNKNOWN_SENT_BYTES = 4 * 1024

/** Per WebSocket. A message is one operation; a longer document belongs in a POST. */
export const MAX_FRAME_BYTES = 64 * 1024
/** Fragments and reads of the kernel that one message may come in. */
export const MAX_FRAME_PARTS = 1_024
/** A dashboard with a subscription for each deployment of the largest page, and a few more. */
export const MAX_SUBSCRIPTIONS_PER_SOCKET = 128
/** Characters of the id of an operation: it is kept, and sent with each message. */
export const MAX_OPERATION_ID_LENGTH = 256
/** Messages and pings received; `capacity` at once: a page may replace all subscriptions of a socket. */
export const SOCKET_MESSAGES = { capacity: 400, perSecond: 50 } as const
/** From the opening of the socket to its acknowledgement, including the time we need for it. */
export const INIT_TIMEOUT_MS = 6_000
export const PING_MS = 12_000
/** Proxies and browsers drop a silent event stream after a minute or less. */
export const HEARTBEAT_MS = 12_000

/** Labels of one object, and in one filter. */
export const MAX_LABELS = 16
/** Characters of a label's key, and of its value. */
export const MAX_LABEL_LENGTH = 63
/** Deployments in one bulk change. */
export const MAX_BULK_CHANGES = 100

/** On the whole server, unless a setting says otherwise (base/quotas.ts). */
export const QUOTAS = {
  /** As many as one server has been seen to record every second. */
  activeDeployments: 1_000,
  simulatedRuns: 50,
  /** Ample for a curve of which 2,000 points can be asked for. */
  stepsPerTrainingJob: 10_000,
  apiTokens: 1_000,
  webhooks: 50,
} as const
