import type { Details } from './details.ts'

/** As many as there are colours that can be told apart. */
const MOST = 4
/** What all further reasons are added up under, here and by the API. */
const OTHER = 'other'

/** The reasons to draw, the most frequent first; `other` last, if there are more. */
export function reasonsToDraw(windows: readonly Details['reasons'][]): string[] {
  const totals = new Map<string, number>()
  for (const window of windows) {
    for (const { reason, count } of window) totals.set(reason, (totals.get(reason) ?? 0) + count)
  }
  const isOther = totals.delete(OTHER)
  const names = [...totals].sort(([, a], [, b]) => b - a).map(([reason]) => reason)
  const drawn = names.slice(0, MOST)
  return isOther || names.length > MOST ? [...drawn, OTHER] : drawn
}

/**
 * The errors per second of each reason, on top of those before it: the upper edges of a stack, lowest first. `NaN`
 * where a window has no data at all.
 */
export function stackOf(
  windows: readonly Details['reasons'][],
  drawn: readonly string[],
  stepSeconds: number,
  hasData: (index: number) => boolean,
): number[][] {
  const edges = drawn.map((): number[] => [])
  for (const [index, window] of windows.entries()) {
    const counts = new Map<string, number>()
    for (const { reason, count } of window) {
      const name = drawn.includes(reason) ? reason : OTHER
      counts.set(name, (counts.get(name) ?? 0) + count)
    }
    let top = 0
    for (const [which, reason] of drawn.entries()) {
      top += (counts.get(reason) ?? 0) / stepSeconds
      edges[which]?.push(hasData(index) ? top : Number.NaN)
    }
  }
  return edges
}
