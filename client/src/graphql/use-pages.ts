import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { type CombinedError, useClient } from 'urql'

/** A list holds at most this many pages of a hundred. The page says that there are more. */
const MOST_PAGES = 10

interface Connection<Node> {
  edges: readonly { node: Node }[]
  pageInfo: { hasNextPage: boolean; endCursor?: string | null | undefined }
}

type PageVariables = { after?: string | null | undefined }

export interface Pages<Data, Node> {
  /** The nodes of all pages that have arrived, each once. `undefined` until the first page has. */
  nodes: readonly Node[] | undefined
  /** The first page's answer. */
  first: Data | undefined
  error: CombinedError | undefined
  /** There are more pages than a list holds. */
  truncated: boolean
  /** The last page has arrived. */
  complete: boolean
  /** Asks the server again for the first page. */
  retry: () => void
}

interface Page<Data> {
  data: Data | undefined
  error: CombinedError | undefined
}

/**
 * Loads a list page after page, first from the cache and then from the server. A change in the cache is shown at once.
 */
export function usePages<Data, Node extends { id: string }>(
  document: TypedDocumentNode<Data, PageVariables>,
  connectionOf: (data: Data) => Connection<Node>,
): Pages<Data, Node> {
  const client = useClient()
  const [pages, setPages] = useState<readonly Page<Data>[]>(() => {
    const cached: Page<Data>[] = []
    let after: string | null | undefined
    while (cached.length < MOST_PAGES) {
      const data: Data | undefined = client.readQuery(document, after ? { after } : {})?.data
      if (!data) break
      cached.push({ data, error: undefined })
      const { hasNextPage, endCursor } = connectionOf(data).pageInfo
      if (!hasNextPage || !endCursor) break
      after = endCursor
    }
    return cached
  })

  useEffect(() => {
    const stops: (() => void)[] = []
    const closeFrom = (index: number) => {
      for (const stop of stops.splice(index)) stop()
    }
    const open = (index: number, after: string | undefined) => {
      let following: string | undefined
      const { unsubscribe } = client.query(document, after ? { after } : {}).subscribe(({ data, error }) => {
        setPages((before) => {
          const next = [...before]
          next[index] = { data: data ?? before[index]?.data, error }
          return next
        })
        if (!data) return
        const { hasNextPage, endCursor } = connectionOf(data).pageInfo
        if (!hasNextPage || !endCursor || index + 1 >= MOST_PAGES) {
          closeFrom(index + 1)
          setPages((before) => (before.length > index + 1 ? before.slice(0, index + 1) : before))
        } else if (endCursor !== following) {
          following = endCursor
          closeFrom(index + 1)
          open(index + 1, endCursor)
        }
      })
      stops[index] = unsubscribe
    }
    open(0, undefined)
    return () => closeFrom(0)
  }, [client, document, connectionOf])

  const retry = useCallback(
    () => void client.query(document, {}, { requestPolicy: 'network-only' }).toPromise(),
    [client, document],
  )
  return useMemo(() => {
    const first = pages[0]?.data
    const byId = new Map<string, Node>()
    for (const { data } of pages) {
      if (data) for (const { node } of connectionOf(data).edges) byId.set(node.id, node)
    }
    const last = pages.at(-1)?.data
    const more = last ? connectionOf(last).pageInfo.hasNextPage : false
    return {
      nodes: first ? [...byId.values()] : undefined,
      first,
      error: pages.find(({ error }) => error)?.error,
      truncated: more && pages.length >= MOST_PAGES,
      complete: last !== undefined && !more,
      retry,
    }
  }, [pages, connectionOf, retry])
}
