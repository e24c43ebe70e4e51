import { type RefCallback, useCallback, useState } from 'react'

/** What it takes to know whether the columns of a table have room. All widths in px. */
export interface ColumnWidths {
  /** A column without a width takes the remaining space, and needs at least `least`. */
  width?: number
  least?: number
}

/**
 * The columns that have room in `available`. Columns leave in the order of `leaving`, one after the other, until each
 * of the others is as wide as it must be to be read.
 */
export function fittingColumns<Name extends string>(
  shown: readonly Name[],
  layout: Record<Name, ColumnWidths>,
  leaving: readonly Name[],
  available: number,
): readonly Name[] {
  const needs = (names: readonly Name[]) =>
    names.reduce((sum, name) => sum + (layout[name].width ?? layout[name].least ?? 0), 0)
  let staying = shown
  for (const name of leaving) {
    if (needs(staying) <= available) break
    staying = staying.filter((one) => one !== name)
  }
  return staying
}

/** The width of an element, known before it is painted. Infinite until it is in the document. */
export function useWidth(): [ref: RefCallback<HTMLElement>, width: number] {
  const [width, setWidth] = useState(Infinity)
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return
    const measure = () => setWidth(element.clientWidth)
    measure()
    const sizes = new ResizeObserver(measure)
    sizes.observe(element)
    return () => sizes.disconnect()
  }, [])
  return [ref, width]
}
