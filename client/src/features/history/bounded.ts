import { tickLabel } from '../../charts/prepare.ts'
import { latency, NO_DATA, type Quantity, written } from '../../ui/format.ts'

/** A percentile in ms, as well as it is known: exactly, within bounds, or by a bound only. `NaN` is "not known". */
export interface Bounded {
  value: number
  low: number
  high: number
}

/** Bounds as near as this are those of a figure that is known. */
const NEAR = 1.02

/** `84.2 ms`, `> 30 s` above the highest bound, `< 300 ms` below the lowest. */
export function boundedQuantity({ value, low, high }: Bounded): Quantity {
  if (!Number.isNaN(value)) return latency(value)
  if (low > 0) return signed('>', low)
  return high > 0 ? signed('<', high) : { value: NO_DATA, unit: '' }
}

function signed(sign: string, ms: number): Quantity {
  const { value, unit } = latency(ms)
  return { value: `${sign} ${tickLabel(value)}`, unit }
}

/** `1.2–2.5 s`: what an interpolated percentile lies between; undefined where the value says it all. */
export function boundsWords({ value, low, high }: Bounded): string | undefined {
  if (Number.isNaN(value) || Number.isNaN(low) || Number.isNaN(high) || high <= low * NEAR) return undefined
  const [from, to] = [latency(low), latency(high)]
  if (low === 0 || from.unit === to.unit) return `${tickLabel(from.value)}–${tickLabel(to.value)} ${to.unit}`
  return `${tickLabel(from.value)} ${from.unit} – ${tickLabel(to.value)} ${to.unit}`
}

/** One text, for a legend and for screen readers: `842 ms (0.5–1 s)`. */
export function boundedWords(bounded: Bounded): string {
  const bounds = boundsWords(bounded)
  return `${written(boundedQuantity(bounded))}${bounds === undefined ? '' : ` (${bounds})`}`
}
