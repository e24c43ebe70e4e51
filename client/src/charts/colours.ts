import { theme } from '../ui/theme.ts'

export type ColourToken =
  'series-strong' | 'series' | 'series-weak' | 'muted' | 'faint' | 'line' | 'line-strong' | 'text' | 'bad' | 'warn'
type Colours = Record<ColourToken, string>

let known: { theme: string; colours: Colours } | undefined

/** The page's colours for canvases, which cannot use CSS variables. Read once per theme. */
export function chartColours(): Colours {
  const current = theme.get()
  if (known?.theme !== current) {
    const style = getComputedStyle(document.documentElement)
    const read = (token: ColourToken) => style.getPropertyValue(`--${token}`).trim()
    known = {
      theme: current,
      colours: {
        'series-strong': read('series-strong'),
        series: read('series'),
        'series-weak': read('series-weak'),
        muted: read('muted'),
        faint: read('faint'),
        line: read('line'),
        'line-strong': read('line-strong'),
        text: read('text'),
        bad: read('bad'),
        warn: read('warn'),
      },
    }
  }
  return known.colours
}
