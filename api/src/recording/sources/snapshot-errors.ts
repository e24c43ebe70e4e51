import type { Family } from './scraping/exposition.ts'

/** How many names or values an error lists. */
const MAX_LISTED = 50

/** The answer was read, but no sample can be made from it. The message says in one sentence what would be right. */
export class SnapshotError extends Error {
  override name = 'SnapshotError'
  readonly reason: 'NO_FIGURES' | 'AMBIGUOUS'

  constructor(reason: SnapshotError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** Nothing of the answer is mapped to a figure. */
export class NoFiguresError extends SnapshotError {
  override name = 'NoFiguresError'
  /** What there is, as far as it was read. */
  readonly families: readonly string[]

  constructor(what: string, families: readonly Family[]) {
    const names = families.map(({ name }) => name)
    super('NO_FIGURES', names.length === 0 ? what : `${what} It has ${listed(names)}.`)
    this.families = names
  }
}

/** The series of several models match, and adding them up would say nothing about any of them. */
export class AmbiguousModelsError extends SnapshotError {
  override name = 'AmbiguousModelsError'
  readonly label: string
  /** At most 50, in the order of the alphabet. */
  readonly values: readonly string[]

  constructor(label: string, values: readonly string[]) {
    const sorted = values.toSorted()
    super('AMBIGUOUS', `Several models match: choose one by the label ${label}, which is ${listed(sorted, 'or')}.`)
    this.label = label
    this.values = sorted.slice(0, MAX_LISTED)
  }
}

export function tooManySeries(series: number): SnapshotError {
  return new SnapshotError(
    'AMBIGUOUS',
    `More than 5,000 series match (${series} so far): choose fewer of them by labels, or let the server keep fewer labels.`,
  )
}

/** A few names as they are read aloud. */
export function listed(names: readonly string[], word = 'and'): string {
  const few = names.slice(0, MAX_LISTED)
  const rest = names.length - few.length
  const all = rest > 0 ? [...few, `${rest} more`] : few
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} ${word} ${all.at(-1)}`
}
