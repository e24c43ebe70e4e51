import { AXIS_WIDTH } from '../../charts/axis.ts'
import { chartColours } from '../../charts/colours.ts'

const MARGIN = 16
const HEAD = 28

/** The charts within an element as one picture, each below its title, under a line of words. */
export async function chartsPng(root: HTMLElement, words: string): Promise<Blob | undefined> {
  const parts = [...root.querySelectorAll<HTMLElement>('[data-chart]')].flatMap((chart) => {
    const canvas = chart.querySelector('canvas')
    return canvas ? [{ title: chart.dataset['chart'] ?? '', canvas }] : []
  })
  const ratio = devicePixelRatio || 1
  const width = Math.max(...parts.map(({ canvas }) => canvas.width)) + 2 * MARGIN * ratio
  const height = parts.reduce((sum, { canvas }) => sum + canvas.height + HEAD * ratio, (HEAD + MARGIN) * ratio)
  const picture = document.createElement('canvas')
  picture.width = width
  picture.height = height
  const context = picture.getContext('2d')
  if (!context || parts.length === 0) return undefined
  const { surface, text, muted } = chartColours()
  context.fillStyle = surface
  context.fillRect(0, 0, width, height)
  context.textBaseline = 'middle'
  const write = (line: string, x: number, y: number, weight: number, colour: string) => {
    context.font = `${weight} ${13 * ratio}px 'Inter Variable', sans-serif`
    context.fillStyle = colour
    context.fillText(line, x * ratio, y)
  }
  write(words, MARGIN, (MARGIN + HEAD / 2) * ratio, 600, text)
  let top = (MARGIN + HEAD) * ratio
  for (const { title, canvas } of parts) {
    write(title, MARGIN + AXIS_WIDTH, top + (HEAD / 2) * ratio, 500, muted)
    context.drawImage(canvas, MARGIN * ratio, top + HEAD * ratio)
    top += canvas.height + HEAD * ratio
  }
  return new Promise((resolve) => picture.toBlob((blob) => resolve(blob ?? undefined), 'image/png'))
}

/** Has the browser save a file. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content)
  saveFrom(url, name)
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** Has the browser save what is at an address, under the name that the server says if none is given. */
export function saveFrom(url: string, name = ''): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}
