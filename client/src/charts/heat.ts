/** Turns distributions into the cells of a heatmap. Pure: no canvas, no clock. */

/** How many latencies lie between `lowMs` and the next bound of the grid. */
interface Bucket {
  lowMs: number
  count: number
}

export interface HeatCell {
  /** Which window. */
  index: number
  lowMs: number
  highMs: number
  /**
   * The share of the window's requests that took as long, by that of the fullest cell, and made so that small ones can
   * be told from none. By windows, because how many requests came is another chart's matter.
   */
  share: number
}

/** The API's grid has two buckets from a latency to twice as much. */
const GRID = Math.SQRT2

export function* heatCells(columns: readonly (readonly Bucket[])[]): Generator<HeatCell> {
  const totals = columns.map((column) => column.reduce((sum, { count }) => sum + count, 0))
  let most = 0
  for (const [index, column] of columns.entries()) {
    for (const { count } of column) if (count > 0) most = Math.max(most, count / (totals[index] ?? 1))
  }
  for (const [index, column] of columns.entries()) {
    for (const { lowMs, count } of column) {
      const share = count / (totals[index] ?? 1)
      if (count > 0) yield { index, lowMs, highMs: lowMs * GRID, share: Math.sqrt(share / most) }
    }
  }
}

/** The latencies from the lowest to the highest cell, in ms; a decade if there is none. */
export function heatRange(columns: readonly (readonly Bucket[])[]): [bottom: number, top: number] {
  let bottom = Infinity
  let top = 0
  for (const column of columns) {
    for (const { lowMs, count } of column) {
      if (count <= 0) continue
      bottom = Math.min(bottom, lowMs)
      top = Math.max(top, lowMs * GRID)
    }
  }
  return top > 0 ? [Math.max(bottom, top / 1e6), top] : [1, 10]
}
