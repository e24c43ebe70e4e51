import type { Reported } from './reported.ts'

/** More than this many data points are read from the database again. */
const MAX_POINTS = 200_000

/**
 * What this server has taken and nobody has counted yet, by the id of its row: so that it need not be read and parsed
 * again by whoever counts it. Nothing relies on it.
 */
export class KeptReports {
  readonly #rows = new Map<number, readonly Reported[]>()
  #points = 0

  add(id: number, points: readonly Reported[]): void {
    this.#rows.set(id, points)
    this.#points += points.length
    for (const oldest of this.#rows.keys()) {
      if (this.#points <= MAX_POINTS) break
      this.remove(oldest)
    }
  }

  get(id: number): readonly Reported[] | undefined {
    return this.#rows.get(id)
  }

  remove(id: number): void {
    this.#points -= this.#rows.get(id)?.length ?? 0
    this.#rows.delete(id)
  }

  /** The ids of all rows. */
  get ids(): number[] {
    return [...this.#rows.keys()]
  }
}
