import { createHash } from 'node:crypto'

const MAX_NAMES = 1000
const names = new Map<string, string>()

/** The same text has the same name everywhere: behind a pooler, servers may share the sessions that keep statements. */
export function statementName(text: string): string {
  let name = names.get(text)
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('base64url')
    if (names.size >= MAX_NAMES) names.clear()
    names.set(text, name)
  }
  return name
}

/**
 * Runs work that prepares its statements, as long as that can be done. Where a pooler between us and the server gives
 * each transaction another session, statements get lost: the work then runs once more without preparing any, as all
 * work does from then on. Until it fails so, it must have changed nothing that stays.
 */
export type Preparing = <Result>(work: (isPrepared: boolean) => Promise<Result>) => Promise<Result>

/** @param prepares whether each connection has a session of its own, which can keep prepared statements */
export function preparing(prepares: boolean): Preparing {
  let isPossible = prepares
  return async (work) => {
    const isPrepared = isPossible
    try {
      return await work(isPrepared)
    } catch (error) {
      if (!isPrepared || !isLostStatement(error)) throw error
      isPossible = false
      return await work(false)
    }
  }
}

/** Invalid or duplicate name of a prepared statement. */
function isLostStatement(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return code === '26000' || code === '42P05'
}
