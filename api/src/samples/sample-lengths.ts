/** How long the samples of the deployments are that a history is made from. */
export interface SampleLengths {
  /** The shortest. */
  sampleMs: number
  /** The shortest window that holds whole samples of each of them: no point is shorter. */
  stepMs: number
}

/**
 * @param intervalMs of the server
 * @param ownMs of the deployments that have an interval of their own
 * @param isOne of one deployment by itself: samples of others are as short as the server's
 */
export function sampleLengths(intervalMs: number, ownMs: readonly number[], isOne: boolean): SampleLengths {
  const sampleMs = isOne ? Math.min(intervalMs, ...ownMs) : intervalMs
  return { sampleMs, stepMs: [sampleMs, ...ownMs].reduce(leastCommonMultiple) }
}

/** Both ends of a range as multiples of a length. */
export function roundedOutwards(range: { fromMs: number; toMs: number }, lengthMs: number) {
  return {
    fromMs: Math.floor(range.fromMs / lengthMs) * lengthMs,
    toMs: Math.ceil(range.toMs / lengthMs) * lengthMs,
  }
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b]
  while (rest > 0) [divisor, rest] = [rest, divisor % rest]
  return (a / divisor) * b
}
