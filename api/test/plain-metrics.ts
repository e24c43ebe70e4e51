import { Distribution } from '../src/metrics/distribution.ts'
import { DISTRIBUTION_NAMES, type WindowMetrics } from '../src/metrics/window-metrics.ts'

/** To be compared: distributions in hexadecimal, whatever holds their bytes, and reasons in the order of the alphabet. */
export function plainMetrics<M extends WindowMetrics>(
  metrics: M,
): Omit<M, (typeof DISTRIBUTION_NAMES)[number]> & Plain {
  const plain: Record<string, unknown> = { ...(metrics as object) }
  for (const name of DISTRIBUTION_NAMES) {
    const given = metrics[name]
    const bytes = given instanceof Distribution ? given.encode() : given
    plain[name] = bytes && Buffer.from(bytes).toString('hex')
  }
  const { errorsByReason } = metrics
  plain['errorsByReason'] =
    errorsByReason && Object.fromEntries(Object.entries(errorsByReason).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return plain as Omit<M, (typeof DISTRIBUTION_NAMES)[number]> & Plain
}

type Plain = Record<(typeof DISTRIBUTION_NAMES)[number], string | null>
