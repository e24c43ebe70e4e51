/** The bounds of a percentile over time, each parallel to `times`; `NaN` where it has none. */
export interface Band {
  times: readonly number[]
  low: readonly number[]
  high: readonly number[]
  stepSeconds: number
}

/** A piece of a band, from one window to the next. `Infinity` is above all that is known. */
export interface Slice {
  from: number
  to: number
  lows: readonly [number, number]
  highs: readonly [number, number]
}

/** A longer step is a gap, as in lines. */
const GAP = 1.5

/**
 * The slices of a band between two times. Where only the low bound is known, it is open to the top. A window whose
 * neighbours have no bounds is drawn as wide as it is.
 */
export function slicesOf({ times, low, high, stepSeconds }: Band, from: number, to: number): Slice[] {
  const slices: Slice[] = []
  const boundsAt = (index: number): [low: number, high: number] | undefined => {
    const bottom = low[index] ?? Number.NaN
    if (Number.isNaN(bottom)) return undefined
    const top = high[index] ?? Number.NaN
    return [bottom, Number.isNaN(top) ? Infinity : top]
  }
  let isJoined = false
  for (const [index, time] of times.entries()) {
    const here = boundsAt(index)
    const nextTime = times[index + 1]
    const next = nextTime !== undefined && nextTime - time <= stepSeconds * GAP ? boundsAt(index + 1) : undefined
    if (here && next && nextTime !== undefined && nextTime >= from && time <= to) {
      slices.push({ from: time, to: nextTime, lows: [here[0], next[0]], highs: [here[1], next[1]] })
    } else if (here && !isJoined && time + stepSeconds >= from && time <= to) {
      slices.push({ from: time, to: time + stepSeconds, lows: [here[0], here[0]], highs: [here[1], here[1]] })
    }
    isJoined = here !== undefined && next !== undefined
  }
  return slices
}

/** The least and the greatest of the bounds that are known; null if none is. */
export function extentOf(slices: readonly Slice[]): [number, number] | null {
  let [least, greatest] = [Infinity, -Infinity]
  for (const { lows, highs } of slices) {
    for (const value of [...lows, ...highs]) {
      if (!Number.isFinite(value)) continue
      // A logarithmic axis has no zero.
      if (value > 0) least = Math.min(least, value)
      greatest = Math.max(greatest, value)
    }
  }
  return greatest > 0 ? [Math.min(least, greatest), greatest] : null
}
