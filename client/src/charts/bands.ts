import type uPlot from 'uplot'
import { type Band, extentOf, type Slice, slicesOf } from './band-slices.ts'
import { chartColours, type ColourToken } from './colours.ts'
import type { Under } from './time-chart.tsx'

/** How opaque a band is that lies below lines and over other bands. */
const FAINT = 0.18

/** Bands below the lines of a chart, each in its colour. They are read anew whenever the chart is drawn. */
export function underBands(
  read: () => readonly { band: Band; colour: ColourToken }[],
  range: () => readonly [number, number],
  opacity = FAINT,
): Under {
  const slices = () => {
    const [from, to] = range()
    return read().map(({ band, colour }) => ({ colour, pieces: slicesOf(band, from, to) }))
  }
  return {
    extent: () => extentOf(slices().flatMap(({ pieces }) => pieces)),
    paint(plot) {
      const { ctx, bbox } = plot
      const colours = chartColours()
      let painted = 0
      ctx.save()
      ctx.beginPath()
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
      ctx.clip()
      ctx.globalAlpha = opacity
      for (const { colour, pieces } of slices()) {
        ctx.fillStyle = colours[colour]
        painted += pieces.length
        ctx.beginPath()
        for (const piece of pieces) addSlice(plot, piece)
        ctx.fill()
      }
      ctx.restore()
      // For the browser tests: they cannot read it from a canvas.
      plot.root.dataset['bands'] = String(painted)
    },
  }
}

function addSlice(plot: uPlot, { from, to, lows, highs }: Slice): void {
  const { ctx, bbox } = plot
  // Whole pixels, so that no seam shows between neighbours.
  const left = Math.round(plot.valToPos(from, 'x', true))
  const right = Math.round(plot.valToPos(to, 'x', true))
  const y = (value: number) => {
    if (value === Infinity) return bbox.top
    const position = plot.valToPos(value, 'y', true)
    const bottom = bbox.top + bbox.height
    // A logarithmic axis has no place for zero.
    return Number.isFinite(position) ? Math.min(position, bottom) : bottom
  }
  ctx.moveTo(left, y(lows[0]))
  ctx.lineTo(right, y(lows[1]))
  ctx.lineTo(right, y(highs[1]))
  ctx.lineTo(left, y(highs[0]))
  ctx.closePath()
}
