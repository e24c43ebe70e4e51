import type uPlot from 'uplot'
import { amount, MONTHS } from '../ui/format.ts'
import { tickLabel } from './prepare.ts'

/** The width of the vertical axis, in px: the same for all charts, so that their times are one above the other. */
export const AXIS_WIDTH = 62
export const PADDING_RIGHT = 12

/** Steps of an axis, in the unit that divides it. */
export const INCREMENTS = [-3, -2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
)

export const STEP_LABELS: uPlot.Axis.DynamicValues = (_plot, splits) => splits.map((step) => tickLabel(amount(step)))

const TWO = (value: number) => String(value).padStart(2, '0')
const DAY_SECONDS = 86_400

/**
 * Times on a 24-hour clock, with seconds only if the steps are shorter than a minute. Midnight is written as the day
 * that begins, and so is every step of a day or more.
 */
export const TIME_LABELS: uPlot.Axis.DynamicValues = (_plot, splits, _axis, _space, step) =>
  splits.map((seconds) => {
    const at = new Date(seconds * 1000)
    const isMidnight = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0
    if (step >= DAY_SECONDS || isMidnight) return `${at.getDate()} ${MONTHS[at.getMonth()]}`
    const minutes = `${TWO(at.getHours())}:${TWO(at.getMinutes())}`
    return step < 60 ? `${minutes}:${TWO(at.getSeconds())}` : minutes
  })

/** Half of the widest label, in px. */
const HALF_LABEL = 26

/** Leaves out the last label where it would be cut off at the right edge of the chart. */
export function uncut(labels: uPlot.Axis.DynamicValues): uPlot.Axis.DynamicValues {
  return (plot, splits, axis, space, step) => {
    const written = labels(plot, splits, axis, space, step)
    const room = plot.over.clientWidth + PADDING_RIGHT
    return written.map((label, index) => (plot.valToPos(splits[index] ?? 0, 'x') > room - HALF_LABEL ? '' : label))
  }
}

/** 1, 2 and 5 times the powers of ten within a logarithmic axis; without the 2s and 5s where there are many. */
export function decimalSplits(_plot: uPlot, _axis: number, min: number, max: number): number[] {
  const decades = Math.log10(max / min)
  const digits = decades > 4 ? [1] : decades > 2 ? [1, 3] : [1, 2, 5]
  const splits: number[] = []
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power += 1) {
    for (const digit of digits) {
      const at = digit * 10 ** power
      if (at >= min && at <= max) splits.push(at)
    }
  }
  return splits
}
