import type { DocumentNode } from 'graphql'
import { LRUCache } from 'lru-cache'
import { MAX_CACHED_DOCUMENT_BYTES } from '../base/limits.ts'
import { bytesOfDocument } from './document-memory.ts'

/** Parsing a longer document again is charged to its sender, while keeping it would cost us memory. */
const MAX_CHARACTERS = 16_384

/**
 * The parsed documents of late, by text, bounded by the memory they take. Documents that turn out to be invalid do not
 * stay: with each of their errors, validation would keep a stack trace.
 */
export class DocumentCache {
  readonly #byText = new LRUCache<string, DocumentNode>({
    maxSize: MAX_CACHED_DOCUMENT_BYTES,
    sizeCalculation: bytesOfDocument,
  })

  get(text: string): DocumentNode | undefined {
    return this.#byText.get(text)
  }

  set(text: string, document: DocumentNode): void {
    if (text.length <= MAX_CHARACTERS) this.#byText.set(text, document)
  }

  delete(text: string): void {
    this.#byText.delete(text)
  }
}

/** A cache for Yoga that keeps nothing: a text that is not a document is refused anew each time, and charged. */
export const NO_CACHE = { get: () => undefined, set: () => undefined }
