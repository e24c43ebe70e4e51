/** What one part of the benchmark has found: a table, how it compares to what is asked, and what went wrong. */
export interface Section {
  title: string
  /** How it was measured, for the reader of the table. */
  about: string
  columns: string[]
  rows: string[][]
  verdicts: Verdict[]
  /** Of Gaugeline: each fails the command. */
  faults: string[]
  /** Of the references: what is worth knowing. */
  remarks: string[]
}

export interface Verdict {
  what: string
  value: number
  /** At most. */
  target: number
  unit: string
}

function isMet({ value, target }: Verdict): boolean {
  return value <= target
}

export const VERDICT_COLUMNS = ['what', 'found', 'at most', 'met']

export function verdictRow(verdict: Verdict): string[] {
  const { what, value, target, unit } = verdict
  return [what, `${figure(value)} ${unit}`, `${figure(target)} ${unit}`, isMet(verdict) ? 'yes' : 'no']
}

/** Few digits, as many as mean something. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

/** Rows of text as columns of a terminal, the first to the left and the rest to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
  )
}
