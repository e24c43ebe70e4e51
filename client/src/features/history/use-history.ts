import { useEffect, useMemo, useRef, useState } from 'react'
import { useServices } from '../../services.ts'
import { HistoryFeed } from './history-feed.ts'
import type { HistorySubject } from './load-histories.ts'
import { maxPointsFor } from './resolution.ts'
import type { TimeRange } from './time-range.ts'

export interface UseHistoryOptions {
  subjects: readonly HistorySubject[]
  range: TimeRange
  /** The width of the charts in px: how many windows they show depends on it. */
  width: number
  /** Whether to load the distributions as well, for a heatmap: they are far more than the figures. */
  buckets?: boolean
  /** Whether to load what only the page of one subject shows: time to first token, queue, cache, reasons of errors. */
  details?: boolean
  /** The requests per second to expect of the first subject, if that is known. */
  expectedRate?: number | undefined
}

/**
 * The histories of one or several subjects for a range, kept up to date. Components subscribe to the feed themselves, so
 * that the page does not render with every window. Another range starts with what was drawn before.
 * Nothing is loaded while the width is infinite: not known yet.
 */
export function useHistory(options: UseHistoryOptions): HistoryFeed {
  const { subjects, range, width, buckets = false, details = false, expectedRate } = options
  const { streams, refresher, samples } = useServices()
  const key = JSON.stringify(subjects)
  const rangeKey = JSON.stringify(range)
  const maxPoints = maxPointsFor(width)
  const isMeasured = Number.isFinite(width)
  // Only what is known at the start counts: the feed itself learns the rest.
  const [rate] = useState(expectedRate)
  const before = useRef<HistoryFeed>(undefined)
  const feed = useMemo(
    () =>
      new HistoryFeed({
        subjects: JSON.parse(key) as HistorySubject[],
        range: JSON.parse(rangeKey) as TimeRange,
        maxPoints,
        buckets,
        details,
        expectedRate: rate,
        streams,
        refresher,
        samples,
        before: before.current,
      }),
    [key, rangeKey, maxPoints, buckets, details, rate, streams, refresher, samples],
  )
  useEffect(() => {
    before.current = feed
    return isMeasured ? feed.start() : undefined
  }, [feed, isMeasured])
  return feed
}
