import type { ColourToken } from '../../charts/colours.ts'
import { latencyUnit } from '../../charts/prepare.ts'
import type { Figure } from '../../live/sample.ts'
import { boundedQuantity } from './bounded.ts'
import { boundsFor } from './details.ts'
import type { Drawn, SeriesColumns } from './series-columns.ts'
import { amount, latency, percent, type Quantity, written } from '../../ui/format.ts'

interface FigureWords {
  name: string
  write: (value: number | null) => Quantity
}

/** What figures are called, and how they are written. */
export const FIGURE_WORDS: Record<Figure, FigureWords> = {
  p50Ms: { name: 'p50', write: latency },
  p95Ms: { name: 'p95', write: latency },
  p99Ms: { name: 'p99', write: latency },
  requests: { name: 'Requests', write: (value) => ({ value: amount(value), unit: '' }) },
  requestsPerSecond: { name: 'Requests/s', write: (value) => ({ value: amount(value), unit: '' }) },
  errorRate: { name: 'Error rate', write: (value) => ({ value: percent(value), unit: '%' }) },
  tokensPerSecond: { name: 'Tokens/s', write: (value) => ({ value: amount(value), unit: '' }) },
}

/** A value of a series, as it is written. */
export function quantityOf(figure: Drawn, series: SeriesColumns, index: number): Quantity {
  const bounds = boundsFor(figure)
  const value = series.valueAt(figure, index)
  if (bounds) {
    return boundedQuantity({ value, low: series.valueAt(bounds.low, index), high: series.valueAt(bounds.high, index) })
  }
  if (isFigure(figure)) return FIGURE_WORDS[figure].write(value)
  if (figure === 'kvCacheUsage') return { value: percent(value), unit: '%' }
  return figure === 'inFlight' || figure === 'waiting' ? { value: amount(value), unit: '' } : latency(value)
}

function isFigure(figure: Drawn): figure is Figure {
  return figure in FIGURE_WORDS
}

/** The colours of the percentiles of one series: one hue in three strengths. */
export const PERCENTILE_COLOURS: Partial<Record<Figure, ColourToken>> = {
  p50Ms: 'series-weak',
  p95Ms: 'series',
  p99Ms: 'series-strong',
}

/** The colours and strokes of series that share a chart, told apart by both. */
export const COMPARED: readonly { colour: ColourToken; dash?: readonly number[] }[] = [
  { colour: 'compare-1' },
  { colour: 'compare-2', dash: [6, 3] },
  { colour: 'compare-3', dash: [2, 2] },
  { colour: 'compare-4', dash: [10, 3, 2, 3] },
]

interface Scale {
  format: (value: number) => string
  /** See `TimeChartProps`. */
  least: number
  most?: number
  unitOf?: (top: number) => number
}

const LATENCY: Scale = { format: (ms) => written(latency(ms)), least: 1, unitOf: latencyUnit }
const AMOUNT: Scale = { format: amount, least: 1 }

const SHARE: Scale = { format: (rate) => `${percent(rate)} %`, least: 0.01, most: 1 }

const SCALES: Partial<Record<Drawn, Scale>> = {
  requests: AMOUNT,
  requestsPerSecond: AMOUNT,
  errorRate: SHARE,
  tokensPerSecond: AMOUNT,
  inFlight: AMOUNT,
  waiting: AMOUNT,
  kvCacheUsage: SHARE,
}

/** The vertical axis of a chart of this figure. All that is not named is a time. */
export function scaleOf(figure: Drawn | undefined): Scale {
  return (figure && SCALES[figure]) ?? LATENCY
}

/** The length of a window in words: `15 s`, `10 min`, `2 h`. */
export function windowWords(stepSeconds: number): string {
  if (stepSeconds < 60) return `${stepSeconds} s`
  if (stepSeconds < 3600) return `${stepSeconds / 60} min`
  return stepSeconds < 86_400 ? `${stepSeconds / 3600} h` : `${stepSeconds / 86_400} d`
}
