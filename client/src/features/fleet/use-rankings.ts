import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import type { Sample } from '../../live/sample.ts'
import { ranked, RANKED_BY, type RankedBy } from './ranking.ts'

/** How many rows a list has. */
export const MOST_RANKED = 10

const CHECK_MS = 1_000
const RESORT_MS = 10_000

interface Rankings {
  /** The ids of each list, in order. `undefined` until the first figures have come. */
  lists: Record<RankedBy, readonly string[]> | undefined
  /** The pointer or the focus is on a row, which does not move then. */
  isHeld: boolean
}

const NOTHING: Rankings = { lists: undefined, isHeld: false }

/**
 * Orders what `add` is given: at once when the first figures come, then every ten seconds, but not while the pointer or
 * the focus is on a row. `key` names what is ordered; another one starts anew.
 */
export function useRankings(
  key: string,
  root: RefObject<HTMLElement | null>,
): Rankings & { add: (deployments: ReadonlyMap<string, Sample>) => void } {
  const [rankings, setRankings] = useState(NOTHING)
  const newest = useRef<ReadonlyMap<string, Sample>>(undefined)
  const update = useRef<() => void>(undefined)
  const add = useCallback((deployments: ReadonlyMap<string, Sample>) => {
    const isFirst = newest.current === undefined
    newest.current = deployments
    if (isFirst) update.current?.()
  }, [])
  useEffect(() => {
    let sortedAt: number | undefined
    newest.current = undefined
    const check = () => {
      const figures = newest.current
      if (document.hidden || !figures) return
      const rows = [...(root.current?.querySelectorAll('tbody') ?? [])]
      const isHeld = rows.some((one) => one.matches(':hover') || one.contains(document.activeElement))
      const now = performance.now()
      const isDue = sortedAt === undefined || (!isHeld && now - sortedAt >= RESORT_MS)
      if (isDue) sortedAt = now
      setRankings((before) => {
        if (!isDue) return before.isHeld === isHeld ? before : { ...before, isHeld }
        const list = (by: RankedBy) => ranked(valuesOf(figures, by), before.lists?.[by] ?? [], MOST_RANKED)
        return { lists: { busiest: list('busiest'), slowest: list('slowest'), failing: list('failing') }, isHeld }
      })
    }
    update.current = check
    const timer = setInterval(check, CHECK_MS)
    return () => {
      clearInterval(timer)
      setRankings(NOTHING)
    }
  }, [key, root])
  return { ...rankings, add }
}

function valuesOf(figures: ReadonlyMap<string, Sample>, by: RankedBy): Map<string, number> {
  const values = new Map<string, number>()
  for (const [id, sample] of figures) {
    const value = RANKED_BY[by](sample)
    if (value !== null) values.set(id, value)
  }
  return values
}
