import { useEffect, useRef, useState } from 'react'
import type uPlot from 'uplot'
import { createChunk } from '../ui/chunks.ts'
import type { ExternalStore } from '../ui/external-store.ts'
import { theme } from '../ui/theme.ts'
import { AXIS_WIDTH, decimalSplits, INCREMENTS, PADDING_RIGHT, STEP_LABELS, TIME_LABELS, uncut } from './axis.ts'
import { chartColours, type ColourToken } from './colours.ts'
import { drawableOf, linearRange, logRange, longestStep, type Series, spanning, tickLabel, within } from './prepare.ts'

interface Mark {
  /** Seconds since 1970. */
  at: number
}

export interface ChartSource {
  /** The samples of the chart's lines, in the order of the lines. Lines with the same times come together. */
  read(): readonly Series[]
  /** The time range on the screen, in seconds. */
  range(): [from: number, to: number]
  marks(): readonly Mark[]
  subscribe(listener: () => void): () => void
}

export interface Under {
  paint: (plot: uPlot) => void
  /** The least and the greatest that is painted; null if nothing is. */
  extent: () => [least: number, greatest: number] | null
}

export interface Line {
  label: string
  colour: ColourToken
  width?: number
  /** Lengths of strokes and gaps in px; a whole line if left out. */
  dash?: readonly number[]
}

export interface TimeChartProps {
  source: ChartSource
  series: readonly Line[]
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
  /** Charts with the same key share the crosshair and what is dragged to zoom. */
  syncKey: string
  label: string
  /** The time under the crosshair in seconds, or null. Set by the chart under the pointer, and shown by all. */
  cursor: ExternalStore<number | null>
  /** Receives the times in seconds between which somebody has dragged. Without it, dragging does nothing. */
  onZoom?: ((from: number, to: number) => void) | undefined
  /** Called on a double click. */
  onZoomOut?: (() => void) | undefined
  /** Whether the horizontal axis shows times or plain numbers (steps). */
  time?: boolean
  /** Draws in place of lines, on a scale without lines of its own. */
  paint?: (plot: uPlot) => void
  /** Draws below the lines, and needs this much of the vertical axis. */
  under?: Under | undefined
  /** The vertical range, if it does not follow from the lines. */
  verticalRange?: () => [bottom: number, top: number]
}

const uPlotChunk = createChunk(() => import('./uplot.ts'))

/** uPlot declares its kinds of scale as an ambient `const enum`, whose names only its own build can use. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- see above
const LOGARITHMIC = 3 as uPlot.Scale.Distr.Logarithmic
/** Whoever moves less than this many px has clicked and not dragged. */
const LEAST_DRAG = 6

/** Draws what `prepare.ts` returns, with uPlot. Redraws whenever its source notifies it. */
export function TimeChart(props: TimeChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  const [problem, setProblem] = useState<Error>()
  const { source, series, log = false, height, syncKey, cursor } = props

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
        const built = options(latest, UPlot, element.clientWidth)
        plot = new UPlot(built, drawable(element, source), element)
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
      const point = () => plot && showCursor(plot, cursor.get())
      const stops = [source.subscribe(redraw), theme.subscribe(build), cursor.subscribe(point)]
      stop = () => {
        sizes.disconnect()
        for (const one of stops) one()
      }
    }
    uPlotChunk.load().then(draw, setProblem)
    return () => {
      gone = true
      stop()
      plot?.destroy()
    }
  }, [source, series, log, height, syncKey, cursor])

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
  const all = source.read()
  const [from, to] = source.range()
  // What is drawn, for the browser tests: they cannot read it from a canvas.
  const { times } = all[0] ? within(all[0], from, to) : { times: [] }
  element.dataset['points'] = String(times.length)
  element.dataset['newest'] = String(times.at(-1) ?? '')
  element.dataset['longestStep'] = String(longestStep(times))
  element.dataset['step'] = String(all[0]?.stepSeconds ?? '')
  element.dataset['range'] = `${from} ${to}`
  return drawableOf(all, from, to)
}

/** Moves the crosshair to where another chart, or the keyboard, has put it. */
function showCursor(plot: uPlot, time: number | null): void {
  const left = time === null ? -10 : plot.valToPos(time, 'x')
  if (Math.abs((plot.cursor.left ?? -10) - left) < 1) return
  plot.setCursor({ left, top: time === null ? -10 : 0 }, false)
}

function options({ current: props }: { current: TimeChartProps }, UPlot: typeof uPlot, width: number): uPlot.Options {
  const colours = chartColours()
  const font = `11px 'Inter Variable', sans-serif`
  const axis = {
    font,
    stroke: colours.muted,
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
    border: { show: false },
  }
  const { time = true, unitOf, onZoom, paint, under, verticalRange } = props
  const axisRange: uPlot.Range.Function = (_plot, lineMin, lineMax) => {
    const [min, max] = spanning([lineMin, lineMax], under?.extent())
    return (
      verticalRange?.() ??
      (props.log ? logRange(min, max) : linearRange({ min, max }, props.least, props.most, props.unitOf))
    )
  }
  return {
    width,
    height: props.height,
    padding: [8, PADDING_RIGHT, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: onZoom !== undefined, y: false, setScale: false, dist: LEAST_DRAG },
      points: { size: 7, width: 1.5 },
      sync: { key: props.syncKey, setSeries: false },
      bind: {
        dblclick: () => () => {
          props.onZoomOut?.()
          return null
        },
      },
    },
    scales: {
      x: { time, auto: false, range: (_plot, min, max) => [min, max] },
      y: { ...(props.log ? { distr: LOGARITHMIC } : {}), range: axisRange },
    },
    axes: [
      { ...axis, size: 26, gap: 6, space: 70, values: uncut(time ? TIME_LABELS : STEP_LABELS) },
      {
        ...axis,
        // Lines would cross what is painted.
        ...(paint ? { grid: { show: false }, splits: decimalSplits } : {}),
        size: AXIS_WIDTH,
        gap: 8,
        space: 32,
        ...(unitOf ? { incrs: (_plot, _axis, _min, max) => INCREMENTS.map((step) => step * unitOf(max)) } : {}),
        values: (_plot, splits) => splits.map((value) => (value === null ? '' : tickLabel(props.format(value)))),
      },
    ],
    series: [
      {},
      ...props.series.map(({ label, colour, width: stroke = 1.4, dash }) => ({
        label,
        stroke: colours[colour],
        width: width < 500 ? 1 : stroke,
        ...(dash ? { dash: [...dash] } : {}),
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: {
      drawClear: [
        (plot) => {
          paint?.(plot)
          under?.paint(plot)
          drawMarks(plot, UPlot, props.source.marks(), colours['line-strong'])
        },
      ],
      setCursor: [
        (plot) => {
          const { left, event } = { left: plot.cursor.left ?? -1, event: plot.cursor.event }
          // Only the chart under the pointer reports; the synchronised charts would report the same.
          if (!event) return
          props.cursor.set(left < 0 ? null : plot.posToVal(left, 'x'))
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width: dragged } = plot.select
          if (dragged < LEAST_DRAG) return
          const isOwn = plot.cursor.event !== undefined && plot.cursor.event !== null
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          if (isOwn) onZoom?.(plot.posToVal(left, 'x'), plot.posToVal(left + dragged, 'x'))
        },
      ],
    },
  }
}

/** Draws lifecycle events as dashed vertical lines with a flag on top. */
function drawMarks(plot: uPlot, UPlot: typeof uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = plot
  const ratio = UPlot.pxRatio
  ctx.save()
  ctx.strokeStyle = colour
  ctx.lineWidth = ratio
  ctx.setLineDash([3 * ratio, 3 * ratio])
  for (const { at } of marks) {
    const x = plot.valToPos(at, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}
