/**
 * The buckets of one histogram that count something, both borders ascending: `counts[i]` latencies lie above
 * `lowersMs[i]` and not above `uppersMs[i]`, in milliseconds. A lower border of 0 takes in 0 itself; an upper one of
 * Infinity is one that nobody knows.
 */
export interface Cells {
  lowersMs: Float64Array
  uppersMs: Float64Array
  counts: Float64Array
}

/** The cells of buckets that lie side by side. */
export function cellsOf(counts: Float64Array, reach: (at: number) => { lowerMs: number; upperMs: number }): Cells {
  let size = 0
  for (const count of counts) if (count > 0) size++
  const cells = { lowersMs: new Float64Array(size), uppersMs: new Float64Array(size), counts: new Float64Array(size) }
  let cell = 0
  for (let at = 0; at < counts.length; at++) {
    const count = counts[at] ?? 0
    if (count === 0) continue
    const { lowerMs, upperMs } = reach(at)
    cells.lowersMs[cell] = lowerMs
    cells.uppersMs[cell] = upperMs
    cells.counts[cell] = count
    cell++
  }
  return cells
}

/**
 * The border at a rank, from 1, among the lower (or the upper) borders of all latencies of several histograms, each
 * latency standing for the border of its bucket; and the sum of the borders at the ranks before it.
 */
export function borderAt(
  histograms: readonly Cells[],
  side: 'lowersMs' | 'uppersMs',
  rank: number,
): { borderMs: number; sumBeforeMs: number } {
  const next = histograms.map(() => 0)
  let [seen, sumMs] = [0, 0]
  for (;;) {
    // A merge of lists that are sorted already: there are at most nine.
    let [least, leastMs] = [-1, Infinity]
    for (let at = 0; at < histograms.length; at++) {
      const borderMs = histograms[at]?.[side][next[at] ?? 0]
      if (borderMs !== undefined && (least < 0 || borderMs < leastMs)) {
        least = at
        leastMs = borderMs
      }
    }
    const cell = next[least] ?? Number.NaN
    const count = histograms[least]?.counts[cell]
    if (count === undefined) throw new RangeError(`There is no rank ${rank} among ${seen} latencies.`)
    if (seen + count >= rank) {
      // Infinity × 0 is no number.
      const before = rank - 1 - seen
      return { borderMs: leastMs, sumBeforeMs: before > 0 ? sumMs + before * leastMs : sumMs }
    }
    seen += count
    sumMs += count * leastMs
    next[least] = cell + 1
  }
}
