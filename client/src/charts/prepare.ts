/** Turns samples into what is drawn. Pure: no canvas, no clock. */

export interface Columns {
  /** Seconds since 1970, ascending. */
  times: readonly number[]
  /** A column for each series, parallel to `times`; `NaN` is "no data". */
  values: readonly (readonly number[])[]
}

/**
 * The same in the shape that uPlot takes, times first. `null` is "no data", `undefined` that another series has a window
 * at this time.
 */
export type Drawable = [times: number[], ...values: (number | null | undefined)[][]]

/** A step longer than this many windows is a gap and not a late sample. */
const GAP = 1.5

/**
 * Makes gaps visible: where the step between two samples is longer than their window allows, inserts a row without
 * data, so that no line is drawn across what was never measured. `stepSeconds` is the window's length.
 */
export function withGaps({ times, values }: Columns, stepSeconds: number): Drawable {
  const outTimes: number[] = []
  const outValues: (number | null)[][] = values.map(() => [])
  for (const [index, time] of times.entries()) {
    const previous = times[index - 1]
    if (previous !== undefined && time - previous > stepSeconds * GAP) {
      outTimes.push(previous + stepSeconds)
      for (const column of outValues) column.push(null)
    }
    outTimes.push(time)
    for (const [which, column] of outValues.entries()) {
      const value = values[which]?.[index]
      column.push(value === undefined || Number.isNaN(value) ? null : value)
    }
  }
  return [outTimes, ...outValues]
}

/** Columns of windows of one length. */
export type Series = Columns & { stepSeconds: number }

/**
 * What is drawn between two times (seconds since 1970): the columns of every series, one after the other. Series that
 * do not share their times are joined: where one of them has no window, its line goes on (`undefined`), unless there is
 * a gap (`null`).
 */
export function drawableOf(all: readonly Series[], from: number, to: number): Drawable {
  const parts = all.map((series) => withGaps(within(series, from, to), series.stepSeconds))
  const [first] = parts
  if (first === undefined) return [[]]
  if (parts.length === 1) return first
  const times = [...new Set(parts.flatMap(([own]) => own))].sort((a, b) => a - b)
  const place = new Map(times.map((time, index) => [time, index]))
  const columns = parts.flatMap(([own, ...values]) =>
    values.map((column) => {
      const joined = Array.from<number | null | undefined>({ length: times.length })
      for (const [index, time] of own.entries()) joined[place.get(time) ?? 0] = column[index]
      return joined
    }),
  )
  return [times, ...columns]
}

/** Keeps the samples in `[from, to]`, and the one before them, so that the line reaches the edge. */
export function within({ times, values }: Columns, from: number, to: number): Columns {
  let start = times.findIndex((time) => time >= from)
  if (start === -1) start = times.length
  start = Math.max(0, start - 1)
  let end = times.length
  while (end > start && (times[end - 1] ?? 0) > to) end -= 1
  return { times: times.slice(start, end), values: values.map((column) => column.slice(start, end)) }
}

/** The longest step between two neighbours, in seconds; 0 for fewer than two times. */
export function longestStep(times: readonly number[]): number {
  let longest = 0
  for (let index = 1; index < times.length; index += 1) {
    longest = Math.max(longest, (times[index] ?? 0) - (times[index - 1] ?? 0))
  }
  return longest
}

/**
 * The vertical range of a chart: from zero, or from below the smallest value if that is negative, to a little above the
 * largest. Both ends are rounded to a step, so that the scale does not change with every sample. `least` is the
 * smallest top, for quiet series; `most` is the largest, for figures that have a maximum; `unitOf` gives the unit in
 * which an axis up to a value is divided.
 */
export function linearRange(
  { min, max }: { min: number | null | undefined; max: number | null | undefined },
  least: number,
  most = Infinity,
  unitOf: (top: number) => number = () => 1,
): [number, number] {
  const bottom = Math.max(0, -(min ?? 0)) * 1.08
  const top = Math.max(max ?? 0, least) * 1.08
  if (top === 0) return bottom === 0 ? [0, 1] : [-roundUp(bottom), 0]
  const unit = unitOf(top)
  return [bottom === 0 ? 0 : -roundUp(bottom), Math.min(most, roundUp(top / unit) * unit)]
}

/** The range of lines, widened to that of what is painted below them; `null` where there is nothing of either. */
export function spanning(
  [min, max]: readonly [number | null | undefined, number | null | undefined],
  painted: readonly [number, number] | null | undefined,
): [number | null, number | null] {
  if (!painted) return [min ?? null, max ?? null]
  return [Math.min(min ?? Infinity, painted[0]), Math.max(max ?? -Infinity, painted[1])]
}

/** The unit that divides an axis of durations: powers of ten up to a minute, then minutes, then hours. All in ms. */
export function latencyUnit(top: number): number {
  if (top <= 60_000) return 1
  return top <= 3_600_000 ? 60_000 : 3_600_000
}

/** Whole decades around the values. If either is `null` or not above zero, one decade from 1. */
export function logRange(min: number | null | undefined, max: number | null | undefined): [number, number] {
  if (!min || !max || min <= 0 || max <= 0) return [1, 10]
  const low = 10 ** Math.floor(Math.log10(min))
  const high = 10 ** Math.ceil(Math.log10(max))
  return [low, high > low ? high : low * 10]
}

/** Rounds up to the next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
function roundUp(value: number): number {
  const size = 10 ** Math.floor(Math.log10(value))
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * size >= value * (1 - 1e-9)) ?? 10
  return step * size
}

/** A value on an axis. Drops the zeros that keep a changing figure from moving: `1.50 s` is `1.5 s`, `0 ms` is `0`. */
export function tickLabel(text: string): string {
  if (/^0(\.0+)?(?!\.?\d)/.test(text)) return '0'
  return text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '')
}

/** The points of a sparkline, in pixels. A new run begins after each gap. */
export function sparkRuns(
  { times, values }: { times: readonly number[]; values: readonly number[] },
  frame: { from: number; to: number; width: number; height: number; stepSeconds: number },
): [x: number, y: number][][] {
  let max = 0
  for (const [index, value] of values.entries()) {
    if ((times[index] ?? 0) >= frame.from && value > max) max = value
  }
  const scale = max > 0 ? (frame.height - 2) / max : 0
  const runs: [number, number][][] = []
  let run: [number, number][] = []
  let previous = -Infinity
  for (const [index, value] of values.entries()) {
    const time = times[index] ?? Number.NaN
    if (!(time >= frame.from)) continue
    if (Number.isNaN(value) || time - previous > frame.stepSeconds * GAP) {
      if (run.length > 0) runs.push(run)
      run = []
    }
    previous = time
    if (Number.isNaN(value)) continue
    const x = ((time - frame.from) / (frame.to - frame.from)) * frame.width
    run.push([x, frame.height - 1 - value * scale])
  }
  if (run.length > 0) runs.push(run)
  return runs
}
