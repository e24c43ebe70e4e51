import type { Reported } from './reported.ts'

/** In data points and requests. More than this is read from the database again. */
const MAX_SIZE = 200_000
/** So many counts of buckets take as much memory as all else in a data point. */
const COUNTS_PER_POINT = 32

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
  #size = 0

  add(id: number, row: Kept): void {
    this.#rows.set(id, row)
    this.#size += sizeOf(row)
    for (const oldest of this.#rows.keys()) {
      if (this.#size <= MAX_SIZE) break
      this.remove(oldest)
    }
  }

  get(id: number): readonly Reported[] | undefined {
    return this.#rows.get(id)?.points
  }

  remove(id: number): void {
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#size -= sizeOf(row)
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

function sizeOf({ points }: Kept): number {
  let size = 0
  for (const point of points) {
    size +=
      point.kind === 'point' ? 1 + (point.buckets?.counts.length ?? 0) / COUNTS_PER_POINT : 1 + point.requests.length
  }
  return Math.ceil(size)
}
