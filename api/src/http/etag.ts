import { createHash } from 'node:crypto'

/** A weak validator: the forms of a body, packed or not, share it. */
export function etagOf(body: Buffer): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
}

/**
 * Whether the reader has this body already, by its `If-None-Match` header: `*`, or a list of tags that are compared
 * weakly (RFC 9110, section 13.1.2).
 */
export function isKnown(etag: string, header: string | undefined): boolean {
  if (header === undefined) return false
  const tags: string[] = header.match(/"[^"]*"/g) ?? []
  return header.trim() === '*' || tags.includes(etag.replace(/^W\//, ''))
}
