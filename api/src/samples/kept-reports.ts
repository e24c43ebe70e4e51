import type { Reported } from './reported.ts'

/** More than this many data points are read from the database again. */
const MAX_POINTS = 200_000

interface Kept {
  deploymentKey: number
  points: readonly Reported[]
}

/**
 * What this server has taken and nobody has counted yet, by the id of its row: so that it need not be read and parsed
 * again by whoever counts it. Nothing relies on it.
 */
export class KeptReports {
  readonly #rows = new Map<number, Kept>()
  #points = 0

  add(id: number, row: Kept): void {
    this.#rows.set(id, row)
    this.#points += row.points.length
    for (const oldest of this.#rows.keys()) {
      if (this.#points <= MAX_POINTS) break
      this.remove(oldest)
    }
  }

  get(id: number): readonly Reported[] | undefined {
    return this.#rows.get(id)?.points
  }

  remove(id: number): void {
    this.#points -= this.#rows.get(id)?.points.length ?? 0
    this.#rows.delete(id)
  }

  /** Of the rows of these deployments. */
  idsOf(deploymentKeys: Iterable<number>): number[] {
    const wanted = new Set(deploymentKeys)
    return [...this.#rows].flatMap(([id, { deploymentKey }]) => (wanted.has(deploymentKey) ? [id] : []))
  }

  /** Drops what is kept for any other deployment. */
  keepOnly(deploymentKeys: Iterable<number>): void {
    const wanted = new Set(deploymentKeys)
    for (const [id, { deploymentKey }] of this.#rows) if (!wanted.has(deploymentKey)) this.remove(id)
  }
}
