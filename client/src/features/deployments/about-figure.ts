import { type Figure, type Figures, hasTooFew, requestsFor } from '../../live/sample.ts'
import { amount } from '../../ui/format.ts'
import { FIGURE_WORDS } from '../history/figures.ts'

/** `3.48k requests`; undefined where their number is unknown. */
export function requestsBehind(figures: Figures | undefined): string | undefined {
  if (figures?.requests == null) return undefined
  return `${amount(figures.requests)} ${figures.requests === 1 ? 'request' : 'requests'}`
}

/** How many requests are behind a figure, and whether they are too few for it. */
export function aboutFigure(figures: Figures | undefined, figure: Figure): string | undefined {
  const requests = requestsBehind(figures)
  if (requests === undefined || !hasTooFew(figures, figure)) return requests
  const least = figure === 'p50Ms' || figure === 'p95Ms' || figure === 'p99Ms' ? requestsFor(figure) : 1
  return `Too few requests for ${FIGURE_WORDS[figure].name}: ${requests} of the ${least} that it takes`
}
