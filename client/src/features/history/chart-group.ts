import { useId, useMemo } from 'react'
import { createStore, type ExternalStore } from '../../ui/external-store.ts'
import type { HistoryFeed } from './history-feed.ts'

/** Something that happened, marked in every chart. */
export interface EventMark {
  /** Seconds since 1970. */
  at: number
  words: string
}

/** What the charts of a page share: the history, the marks, the crosshair and the zoom. */
export interface ChartGroup {
  feed: HistoryFeed
  marks: readonly EventMark[]
  /** The time under the crosshair in seconds since 1970, or null. */
  cursor: ExternalStore<number | null>
  syncKey: string
  onZoom: (fromSeconds: number, toSeconds: number) => void
  onZoomOut: () => void
}

const NO_MARKS: readonly EventMark[] = []

export function useChartGroup(
  feed: HistoryFeed,
  { zoom, zoomOut }: { zoom: ChartGroup['onZoom']; zoomOut: () => void },
  marks: readonly EventMark[] = NO_MARKS,
): ChartGroup {
  const syncKey = useId()
  const cursor = useMemo(() => createStore<number | null>(null), [])
  return useMemo(
    () => ({ feed, marks, cursor, syncKey, onZoom: zoom, onZoomOut: zoomOut }),
    [feed, marks, cursor, syncKey, zoom, zoomOut],
  )
}
