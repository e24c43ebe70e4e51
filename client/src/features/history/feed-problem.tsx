import { useSyncExternalStore } from 'react'
import type { HistoryFeed } from './history-feed.ts'

/** Why there is no history, if that is so. */
export function FeedProblem({ feed }: { feed: HistoryFeed }) {
  const state = useSyncExternalStore(feed.subscribe, () => feed.state)
  if (state === 'failed') {
    return (
      <p role="status" className="text-muted">
        The history could not be loaded and will be requested again in a moment.
      </p>
    )
  }
  if (state !== 'refused') return null
  return (
    <p role="status" className="text-bad">
      The server refuses this range: {feed.problem}
    </p>
  )
}
