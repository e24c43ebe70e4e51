import { levelOf } from '../../live/error-alarm.ts'
import type { Sample } from '../../live/sample.ts'

/** Puts deployments in order, so that rows move only when it says something. Pure. */

export type RankedBy = 'busiest' | 'slowest' | 'failing'

/** What a list is ordered by, the largest first; `null` for what does not belong into it. */
export const RANKED_BY: Record<RankedBy, (figures: Sample) => number | null> = {
  busiest: ({ requestsPerSecond }) => requestsPerSecond || null,
  slowest: ({ p95Ms }) => p95Ms,
  // One failed request of two is a large share that says little: what may be a coincidence comes last.
  failing: (figures) => (figures.errorRate ? figures.errorRate * (levelOf(figures) === 'none' ? 1e-6 : 1) : null),
}

/** How much larger a figure must be for its row to pass another: less than that is noise. */
const MARGIN = 0.05

/**
 * The ids with the largest values, at most `most`. Those that were in the list `before` keep their order until one is
 * larger than the one above it by more than the margin.
 */
export function ranked(values: ReadonlyMap<string, number>, before: readonly string[], most: number): string[] {
  const valueOf = (id: string) => values.get(id) ?? -Infinity
  const kept = before.filter((id) => values.has(id))
  const known = new Set(kept)
  const others = [...values.keys()].filter((id) => !known.has(id)).sort((a, b) => valueOf(b) - valueOf(a))
  const order: string[] = []
  const passes = (id: string, other: string) => {
    // Among newcomers there is nothing to hold still.
    const margin = known.has(id) || known.has(other) ? MARGIN : 0
    return valueOf(id) > valueOf(other) * (1 + margin)
  }
  // Of those that were not in the list, only the largest can come into it.
  for (const id of [...kept, ...others.slice(0, most)]) {
    let place = order.length
    while (place > 0 && passes(id, order[place - 1] ?? '')) place -= 1
    order.splice(place, 0, id)
  }
  return order.slice(0, most)
}
