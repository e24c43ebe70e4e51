/** The part of a pool that is used. */
export interface Statements {
  query(text: string): Promise<unknown>
}

const EVERY_MS = 5 * 60_000

/**
 * Does what PostgreSQL's background processes would do; PGlite has none. Without checkpoints the write-ahead log grows
 * for as long as the server runs, and a start after `kill -9` replays all of it; without vacuum the room of removed
 * samples is never used again. Tens of milliseconds each, with an hour of fifty deployments.
 *
 * @param onError is called for a round that failed; the next round tries again.
 * @returns a function that stops it, once the statement in flight has finished.
 */
export function maintain(pool: Statements, onError: (error: Error) => void): () => Promise<void> {
  let round: Promise<void> | null = null
  const timer = setInterval(() => {
    round ??= runRound(pool)
      .catch(onError)
      .finally(() => {
        round = null
      })
  }, EVERY_MS)
  return async () => {
    clearInterval(timer)
    await round
  }
}

/** One round. */
export async function runRound(pool: Statements): Promise<void> {
  await pool.query('VACUUM')
  await pool.query('CHECKPOINT')
}
