import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useRef } from 'react'
import { serverNow } from '../../live/clock.ts'
import type { RangeSearch } from './range-search.ts'
import {
  canWiden,
  fixedRange,
  isSameRange,
  rangeOf,
  searchOf,
  stepBack,
  stepForward,
  type TimeRange,
  widen,
} from './time-range.ts'

export interface TimeRangeControl {
  range: TimeRange
  /** Shows another range. It is in the address, and in the history of the browser. */
  show: (range: TimeRange) => void
  /** Shows what lies between two times in seconds since 1970, as dragged over a chart. */
  zoom: (fromSeconds: number, toSeconds: number) => void
  /** Back to the range before the last `zoom`; without one, to one that is twice as long. */
  zoomOut: () => void
  canZoomOut: boolean
  back: () => void
  forward: () => void
  /** Whether there is anything after the range: it does not end now. */
  canForward: boolean
}

/** The range of the page's charts. It lives in the address; the page's route reads it with `readRangeSearch`. */
export function useTimeRange(): TimeRangeControl {
  const { range: name, from, to } = useSearch({ strict: false, select: partOf })
  const navigate = useNavigate()
  const zoomed = useRef<{ before: TimeRange; into: TimeRange }[]>([])
  return useMemo(() => {
    const range = rangeOf({ ...(name ? { range: name } : {}), ...(from && to ? { from, to } : {}) })
    const show = (next: TimeRange) => {
      if (isSameRange(next, range)) return
      // Whatever route this is, its reader takes these three.
      const search = (before: object) => ({ ...before, ...searchOf(next) })
      void navigate({ search, resetScroll: false } as unknown as Parameters<typeof navigate>[0])
    }
    return {
      range,
      show,
      zoom: (fromSeconds, toSeconds) => {
        const into = fixedRange(fromSeconds * 1000, toSeconds * 1000)
        zoomed.current.push({ before: range, into })
        show(into)
      },
      zoomOut: () => {
        const last = zoomed.current.pop()
        if (last && isSameRange(last.into, range)) return show(last.before)
        // Somebody has gone elsewhere since.
        zoomed.current = []
        show(widen(range, serverNow()))
      },
      canZoomOut: canWiden(range),
      back: () => show(stepBack(range, serverNow())),
      forward: () => show(stepForward(range, serverNow())),
      canForward: range.kind === 'fixed' && range.toMs < serverNow(),
    }
  }, [name, from, to, navigate])
}

function partOf({ range, from, to }: RangeSearch): RangeSearch {
  return { range, from, to }
}
