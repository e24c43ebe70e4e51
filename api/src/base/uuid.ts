import { randomUUID } from 'node:crypto'

/** A random UUID of version 7: it begins with the time, so that new rows come last in an index. */
export function uuidV7(): string {
  const ms = Date.now().toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${randomUUID().slice(15)}`
}
