import { type RefObject, useEffect, useState } from 'react'
import type { FleetFigures } from '../../live/fleet-figures.ts'
import type { Sample } from '../../live/sample.ts'

const CHECK_MS = 1_000
const RESORT_MS = 5_000

interface Order {
  /** The figures that the rows are sorted by. */
  figures: ReadonlyMap<string, Sample>
  /** The figures are from before the pointer or the focus was on a row. */
  isHeld: boolean
}

const UNSORTED: Order = { figures: new Map(), isHeld: false }

/**
 * The figures that rows are sorted by: the current ones when `sort` changes, and from then on every five seconds, but
 * not while the pointer or the focus is on a row, so that no row moves away under it. `sort` names the order, and is
 * `undefined` while it does not depend on live figures.
 */
export function useFiguresForOrder(
  fleet: FleetFigures,
  sort: string | undefined,
  root: RefObject<HTMLElement | null>,
): Order {
  const [order, setOrder] = useState(UNSORTED)
  useEffect(() => {
    if (sort === undefined) return
    let taken: number | undefined
    const take = () => {
      if (document.hidden) return
      const rows = root.current?.querySelector('tbody')
      const isHeld = rows ? rows.matches(':hover') || rows.contains(document.activeElement) : false
      setOrder((before) => (before.isHeld === isHeld ? before : { ...before, isHeld }))
      const now = performance.now()
      if (taken !== undefined && (isHeld || now - taken < RESORT_MS)) return
      const figures = fleet.latest()
      // At the start, no figures have arrived yet. The first ones sort the table as soon as they have.
      if (figures.size > 0) taken = now
      setOrder({ figures, isHeld })
    }
    take()
    const timer = setInterval(take, CHECK_MS)
    return () => {
      clearInterval(timer)
      setOrder(UNSORTED)
    }
  }, [fleet, sort, root])
  return order
}
