const encoder = new TextEncoder()

/**
 * Text in UTF-8, in memory of its own. `Buffer.from` would take a piece of Node's pool, and a piece that is kept for
 * minutes would keep the eight kilobytes around it as well.
 */
export function unpooledUtf8(text: string): Buffer {
  return Buffer.from(encoder.encode(text).buffer)
}
