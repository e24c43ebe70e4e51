const encoder = new TextEncoder()

/**
 * Text in UTF-8, in memory of its own. `Buffer.from` would take a piece of a pool, and what is kept for minutes would hold
 * eight kilobytes of its neighbours' for each piece.
 */
export function unpooledUtf8(text: string): Buffer {
  return Buffer.from(encoder.encode(text).buffer)
}
