import { FIGURES } from '../../live/sample.ts'
import type { HistoryFeed } from './history-feed.ts'

/** What is drawn, as CSV: a line for each window and subject. Nothing where there is no figure; details where there are any. */
export function chartsCsv(feed: HistoryFeed, names: readonly string[]): string {
  const [from, to] = feed.range()
  const details = new Set(names.flatMap((_name, index) => feed.series(index).detailNames))
  const columns = [...FIGURES, ...details]
  const lines = [['series', 'at', 'windowSeconds', ...columns].join(',')]
  for (const [index, name] of names.entries()) {
    const series = feed.series(index)
    const { times } = series
    for (const [row, time] of times.entries()) {
      if (time < from - feed.stepSeconds || time > to) continue
      const at = new Date(time * 1000).toISOString()
      const values = columns.map((column) => {
        const value = series.valueAt(column, row)
        return Number.isNaN(value) ? '' : String(value)
      })
      lines.push([quoted(name), at, String(feed.stepSeconds), ...values].join(','))
    }
  }
  return `${lines.join('\r\n')}\r\n`
}

/** A text that begins like a formula would be one where spreadsheets open the file. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
