/**
 * The rank of quantile `q` among `count` values in ascending order, by nearest rank: `ceil(q × count)`, at least 1. The
 * value at that rank is the smallest that at least q × count of the values do not exceed.
 * https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method
 * @throws RangeError unless 0 <= q <= 1.
 */
export function nearestRank(q: number, count: number): number {
  return Math.max(1, rank(q, count))
}

/**
 * Whether `count` values are enough for quantile `q`: `count × (1 − q) >= 1`. With fewer its nearest rank is the last,
 * so its value is the maximum and says nothing about q.
 */
export function isEnoughFor(q: number, count: number): boolean {
  // The same as q × count <= count - 1 with a whole count, without the error that 1 - q brings in: 10 × (1 - 0.9) < 1.
  return rank(q, count) <= count - 1
}

function rank(q: number, count: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`A quantile is from 0 to 1, not ${q}.`)
  if (q === 1) return count
  // A decimal like 0.07 is stored a little too high and 0.07 × 100 comes out above 7, which would round up to 8: what
  // lies within the error of those two roundings (2^-52 relative) is taken off first.
  return Math.ceil(q * count * (1 - 2 ** -51))
}
