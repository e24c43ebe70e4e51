/** What is subscribed to, and how. */
export interface Target {
  transport: 'websocket' | 'sse'
  origin: string
  /** A raw server sends by itself; the others are asked in their protocol. */
  protocol: 'graphql' | 'raw'
  query: string
  /** Socket by socket, the next: no caller may hold all of them. None for a server that checks none. */
  tokens: readonly string[]
  /** One subscription a socket to each. */
  deploymentIds: readonly string[]
  intervalMs: number
}

export interface SubscriberEvents {
  /** Every subscription is asked for. */
  onOpen: () => void
  /** A message that may hold a sample of the socket's nth subscription; false when it holds none. */
  onMessage: (index: number, bytes: Buffer, from: number, to: number) => boolean
  /** The connection has ended, or something was said that should not be. */
  onEnd: (reason: string) => void
}

/** Where a subscriber resumes: the cursor for servers that know one, the time for the raw ones. */
export interface Position {
  cursor: string | undefined
  atMs: number
}

/** What sets one subscriber's connection apart from the others'. */
export interface Connection {
  localAddress: string | undefined
  token: string | undefined
  /** Where it resumes; undefined means from the newest sample on. */
  after: Position | undefined
}

export interface Subscriber {
  pause(): void
  resume(): void
  /** Cuts the connection without a word. */
  destroy(): void
}

/** The body of a subscription, as published clients send it. */
export function operation(target: Target, index: number, after: Position | undefined) {
  const variables = { id: target.deploymentIds[index], ...(after?.cursor !== undefined && { after: after.cursor }) }
  return { query: target.query, variables }
}

export function rawPath(target: Target, after: Position | undefined): string {
  const parameters = new URLSearchParams({ subscriptions: String(target.deploymentIds.length) })
  if (after !== undefined) parameters.set('after', String(after.atMs))
  return `/?${parameters}`
}
