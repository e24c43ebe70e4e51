import type { ColourToken } from '../../charts/colours.ts'
import { type Figure, type Figures, hasTooFew } from '../../live/sample.ts'
import { amount, latency, type Quantity } from '../../ui/format.ts'
import { boundedQuantity, boundsWords } from '../history/bounded.ts'
import { boundsFor, type DetailFigure } from '../history/details.ts'
import { FIGURE_WORDS, PERCENTILE_COLOURS } from '../history/figures.ts'
import { aboutFigure, requestsBehind } from './about-figure.ts'

/** Reads a detail of a window; `NaN` where it is not known. */
export type ReadDetail = (name: DetailFigure) => number

export const NO_DETAIL: ReadDetail = () => Number.NaN

/** One of the figures of a window, as a page shows it. */
export interface FigureCell {
  key: string
  name: string
  /** The name in full, where it is short for something. */
  title?: string
  quantity: Quantity
  /** The line of the charts that it belongs to. */
  line?: ColourToken | undefined
  /** What is to know about it, in few words: its bounds, or why it is missing. */
  note: string
  /** How many requests are behind it, and what else there is to say; `short` fits beside it. */
  about?: { short: string; long: string } | undefined
}

const PERCENTILES = ['p50Ms', 'p95Ms', 'p99Ms'] as const
const OTHERS = ['requestsPerSecond', 'errorRate', 'tokensPerSecond'] as const

/**
 * The figures of a window, in their order: as many for every window of a page, so that none moves another. `hasTokens`
 * says that the page has times to the first token.
 */
export function figureCells(figures: Figures | undefined, read: ReadDetail, hasTokens: boolean): FigureCell[] {
  const cells = [...latencyCells(figures, read), ...OTHERS.map((figure) => plainCell(figures, figure))]
  if (!hasTokens) return cells
  const firstToken = {
    name: 'TTFT p95',
    title: 'Time to the first token, 95th percentile',
    ...boundedCell('timeToFirstToken.p95', read),
  }
  const waiting = read('waiting')
  const inFlight: FigureCell = {
    key: 'inFlight',
    name: 'In flight',
    quantity: { value: amount(read('inFlight')), unit: '' },
    note: waiting > 0 ? `${amount(waiting)} waiting` : '',
  }
  return [...cells.slice(0, 3), firstToken, ...cells.slice(3), inFlight]
}

function latencyCells(figures: Figures | undefined, read: ReadDetail): FigureCell[] {
  const cells = PERCENTILES.map((figure): FigureCell => {
    const { low, high } = readBounds(figure, read)
    const bounded = { value: figures?.[figure] ?? Number.NaN, low, high }
    const isTooFew = hasTooFew(figures, figure)
    return {
      ...plainCell(figures, figure),
      quantity: boundedQuantity(bounded),
      note: isTooFew ? 'too few' : (boundsWords(bounded) ?? ''),
    }
  })
  const mean = read('latency.mean')
  const isMeanOnly = !Number.isNaN(mean) && cells.every(({ quantity, note }) => quantity.unit === '' && note === '')
  if (!isMeanOnly) return cells
  return cells.map((cell, index) =>
    index === 0
      ? { ...cell, name: 'mean', line: 'muted', quantity: latency(mean) }
      : { ...cell, note: 'only a mean is known' },
  )
}

function plainCell(figures: Figures | undefined, figure: Figure): FigureCell {
  const { name, write } = FIGURE_WORDS[figure]
  const [short, long] = [requestsBehind(figures), aboutFigure(figures, figure)]
  const about = short === undefined ? undefined : { short, long: long ?? short }
  return {
    key: figure,
    name,
    quantity: write(figures?.[figure] ?? null),
    line: PERCENTILE_COLOURS[figure],
    note: '',
    about,
  }
}

function boundedCell(name: 'timeToFirstToken.p95', read: ReadDetail): Pick<FigureCell, 'key' | 'quantity' | 'note'> {
  const bounded = { value: read(name), ...readBounds(name, read) }
  return { key: name, quantity: boundedQuantity(bounded), note: boundsWords(bounded) ?? '' }
}

function readBounds(figure: string, read: ReadDetail): { low: number; high: number } {
  const bounds = boundsFor(figure)
  return bounds ? { low: read(bounds.low), high: read(bounds.high) } : { low: Number.NaN, high: Number.NaN }
}
