import { BoundCounts } from '../metrics/bound-counts.ts'

/**
 * The bounds of latencies for Prometheus: 1 ms to 524 s, each twice the one before. They are borders of the stored
 * buckets, so that counts are exact; and whatever a quantile is, the bounds around it are a factor of two apart.
 */
export const BOUNDS = new BoundCounts(Array.from({ length: 20 }, (_, exponent) => 2 ** exponent))
