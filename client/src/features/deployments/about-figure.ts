import { type Figure, type Figures, hasTooFew, isPercentile, requestsFor } from '../../live/sample.ts'
import { amount } from '../../ui/format.ts'

/** `3.48k requests`; undefined where their number is unknown. */
export function requestsBehind(figures: Figures | undefined): string | undefined {
  if (figures?.requests == null) return undefined
  return `${amount(figures.requests)} ${figures.requests === 1 ? 'request' : 'requests'}`
}

/** How many requests are behind a figure, and whether they are too few for it. */
export function aboutFigure(figures: Figures | undefined, figure: Figure): string | undefined {
  const requests = requestsBehind(figures)
  if (requests === undefined || !isPercentile(figure) || !hasTooFew(figures, figure)) return requests
  return `Too few requests for ${figure.replace('Ms', '')}: ${requests} of the ${requestsFor(figure)} that it takes`
}
