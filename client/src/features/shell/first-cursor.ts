import { createSampleClient } from '../../graphql/client.ts'
import { graphql } from '../../graphql/documents.ts'

const EventCursorDocument = graphql(`
  query EventCursor {
    eventCursor
  }
`)

let cursor: string | undefined

/**
 * Asks for the end of the log of events, once, before the first page asks for anything: what happens from then on is
 * told by the events, however late their stream begins. Without an answer, it begins with the next event.
 */
export async function loadFirstCursor(): Promise<void> {
  // Who is not signed in is sent to the sign-in page by `loadSession`, which asks at the same time.
  const client = createSampleClient(() => undefined)
  cursor ??= (await client.query(EventCursorDocument, {}).toPromise()).data?.eventCursor
}

/** Where the events of this page begin. */
export function firstCursor(): string | undefined {
  return cursor
}
