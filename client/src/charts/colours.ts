import { theme } from '../ui/theme.ts'

const TOKENS = [
  'series-strong',
  'series',
  'series-weak',
  'compare-1',
  'compare-2',
  'compare-3',
  'compare-4',
  'muted',
  'faint',
  'line',
  'line-strong',
  'text',
  'surface',
  'bad',
  'warn',
] as const
export type ColourToken = (typeof TOKENS)[number]
type Colours = Record<ColourToken, string>

let known: { theme: string; colours: Colours } | undefined

/** The page's colours for canvases, which cannot use CSS variables. Read once per theme. */
export function chartColours(): Colours {
  const current = theme.get()
  if (known?.theme !== current) {
    const style = getComputedStyle(document.documentElement)
    const read = (token: ColourToken) => style.getPropertyValue(`--${token}`).trim()
    const colours = Object.fromEntries(TOKENS.map((token) => [token, read(token)])) as Colours
    known = { theme: current, colours }
  }
  return known.colours
}
