import { useEffect, useRef, useState } from 'react'
import type uPlot from 'uplot'
import { createChunk } from '../ui/chunks.ts'
import { amount } from '../ui/format.ts'
import { theme } from '../ui/theme.ts'
import { chartColours, type ColourToken } from './colours.ts'
import { type Columns, linearRange, logRange, longestStep, tickLabel, within, withGaps } from './prepare.ts'

export interface Mark {
  /** Seconds since 1970. */
  at: number
}

export interface ChartSource {
  /** The samples of the chart's series, in the order of the series. */
  read(): Columns & { stepSeconds: number }
  /** The time range on the screen, in seconds. */
  range(): [from: number, to: number]
  marks(): readonly Mark[]
  subscribe(listener: () => void): () => void
}

export interface TimeChartProps {
  source: ChartSource
  series: readonly { label: string; colour: ColourToken; width?: number }[]
  /** How a value is written on the axis. */
  format: (value: number) => string
  /** The smallest top of the vertical axis; 0 magnifies however small the values are. */
  least: number
  /** The largest top, for a figure that has a maximum. */
  most?: number
  /** The unit in which an axis up to `top` is divided into round steps, if it depends on `top`. */
  unitOf?: (top: number) => number
  log?: boolean
  height: number
  /** Charts with the same key share the crosshair. */
  syncKey: string
  label: string
  /** Receives the time under the crosshair in seconds, or null. Only the chart under the pointer calls it. */
  onCursor: (time: number | null) => void
  /** Whether the horizontal axis shows times or plain numbers (steps). */
  time?: boolean
}

const uPlotChunk = createChunk(() => import('./uplot.ts'))

const AXIS_WIDTH = 62
/** uPlot declares its kinds of scale as an ambient `const enum`, whose names only its own build can use. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- see above
const LOGARITHMIC = 3 as uPlot.Scale.Distr.Logarithmic

/** Draws what `prepare.ts` returns, with uPlot. Redraws whenever its source notifies it. */
export function TimeChart(props: TimeChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  const [problem, setProblem] = useState<Error>()
  const { source, series, log = false, height, syncKey } = props

  useEffect(() => {
    const element = host.current
    if (!element) return
    let plot: uPlot | undefined
    let gone = false
    let stop = () => {}
    const draw = ({ default: UPlot }: { default: typeof uPlot }) => {
      if (gone) return
      const build = () => {
        plot?.destroy()
        plot = new UPlot(options(latest.current, UPlot, element.clientWidth), drawable(element, source), element)
        plot.setScale('x', scaleOf(source))
      }
      const redraw = () => {
        if (!plot) return
        plot.batch(() => {
          plot?.setData(drawable(element, source), false)
          plot?.setScale('x', scaleOf(source))
        })
      }
      build()
      const sizes = new ResizeObserver(() => {
        if (plot && element.clientWidth > 0 && element.clientWidth !== plot.width) {
          plot.setSize({ width: element.clientWidth, height })
        }
      })
      sizes.observe(element)
      const stops = [source.subscribe(redraw), theme.subscribe(build), () => sizes.disconnect()]
      stop = () => {
        for (const one of stops) one()
      }
    }
    uPlotChunk.load().then(draw, setProblem)
    return () => {
      gone = true
      stop()
      plot?.destroy()
    }
  }, [source, series, log, height, syncKey])

  // Where the page that contains the chart says so, and tries again.
  if (problem) throw problem
  return (
    <div
      ref={host}
      role="img"
      aria-label={props.label}
      style={{ height }}
      // The canvas has a fixed width. Without the containment, it would keep its ancestors that wide.
      className="w-full overflow-hidden contain-inline-size"
    />
  )
}

function scaleOf(source: ChartSource): { min: number; max: number } {
  const [min, max] = source.range()
  return { min, max }
}

function drawable(element: HTMLElement, source: ChartSource): uPlot.AlignedData {
  const { stepSeconds, ...columns } = source.read()
  const [from, to] = source.range()
  const shown = within(columns, from, to)
  // What is drawn, for the browser tests: they cannot read it from a canvas.
  element.dataset['points'] = String(shown.times.length)
  element.dataset['newest'] = String(shown.times.at(-1) ?? '')
  element.dataset['longestStep'] = String(longestStep(shown.times))
  return withGaps(shown, stepSeconds)
}

function options(props: TimeChartProps, UPlot: typeof uPlot, width: number): uPlot.Options {
  const colours = chartColours()
  const font = `11px 'Inter Variable', sans-serif`
  const axis = {
    font,
    stroke: colours.muted,
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
    border: { show: false },
  }
  const { time = true, unitOf } = props
  return {
    width,
    height: props.height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 7, width: 1.5 },
      sync: { key: props.syncKey, setSeries: false },
    },
    scales: {
      x: { time, auto: false, range: (_plot, min, max) => [min, max] },
      y: props.log
        ? { distr: LOGARITHMIC, range: (_plot, min, max) => logRange(min, max) }
        : { range: (_plot, min, max) => linearRange({ min, max }, props.least, props.most, props.unitOf) },
    },
    axes: [
      { ...axis, size: 26, gap: 6, space: 70, values: time ? TIME_LABELS : STEP_LABELS },
      {
        ...axis,
        size: AXIS_WIDTH,
        gap: 8,
        space: 32,
        ...(unitOf ? { incrs: (_plot, _axis, _min, max) => INCREMENTS.map((step) => step * unitOf(max)) } : {}),
        values: (_plot, splits) => splits.map((value) => (value === null ? '' : tickLabel(props.format(value)))),
      },
    ],
    series: [
      {},
      ...props.series.map(({ label, colour, width: stroke = 1.4 }) => ({
        label,
        stroke: colours[colour],
        width: width < 500 ? 1 : stroke,
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawMarks(plot, UPlot, props.source.marks(), colours['line-strong'])],
      setCursor: [
        (plot) => {
          const { left, event } = { left: plot.cursor.left ?? -1, event: plot.cursor.event }
          // Only the chart under the pointer reports; the synchronised charts would report the same.
          if (left < 0) props.onCursor(null)
          else if (event) props.onCursor(plot.posToVal(left, 'x'))
        },
      ],
    },
  }
}

const INCREMENTS = [-3, -2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))

const STEP_LABELS: uPlot.Axis.DynamicValues = (_plot, splits) => splits.map((step) => tickLabel(amount(step)))

const TWO = (value: number) => String(value).padStart(2, '0')
/** Times on a 24-hour clock, with seconds only if the steps are shorter than a minute. */
const TIME_LABELS: uPlot.Axis.DynamicValues = (_plot, splits, _axis, _space, step) =>
  splits.map((seconds) => {
    const at = new Date(seconds * 1000)
    const minutes = `${TWO(at.getHours())}:${TWO(at.getMinutes())}`
    return step < 60 ? `${minutes}:${TWO(at.getSeconds())}` : minutes
  })

/**
 * Draws lifecycle events as dashed vertical lines with a flag on top. Their text appears above the charts when the
 * crosshair is near.
 */
function drawMarks(plot: uPlot, UPlot: typeof uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = plot
  const ratio = UPlot.pxRatio
  ctx.save()
  ctx.strokeStyle = colour
  ctx.fillStyle = colour
  ctx.lineWidth = ratio
  ctx.setLineDash([3 * ratio, 3 * ratio])
  for (const { at } of marks) {
    const x = plot.valToPos(at, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.beginPath()
    ctx.moveTo(x - 4 * ratio, bbox.top)
    ctx.lineTo(x + 4 * ratio, bbox.top)
    ctx.lineTo(x, bbox.top + 6 * ratio)
    ctx.fill()
  }
  ctx.restore()
}
