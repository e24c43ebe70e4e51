import { existsSync, readFileSync } from 'node:fs'
import { onServer } from '@gaugeline/prisma/testing'

/** CPU of each backend so far in milliseconds, by its process id. */
export type BackendTimes = ReadonlyMap<number, number>

/**
 * What the backends of a database have used so far; null where the kernel does not tell it: the server runs on another
 * machine, or this is not Linux.
 */
export async function backendTimes(databaseUrl: string): Promise<BackendTimes | null> {
  const name = new URL(databaseUrl).pathname.slice(1)
  const pids = await onServer(async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    )
    return rows.map(({ pid }) => pid)
  })
  if (!pids.every(isBackend)) return null
  return new Map(pids.map((pid) => [pid, cpuMsOf(pid)]))
}

/** What they have used between two looks. One that has come since counts whole, one that has gone not at all. */
export function usedBetween(before: BackendTimes, after: BackendTimes): number {
  return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0)
}

/** Whether the number names such a process here, and not one of the machine that the database runs on. */
function isBackend(pid: number): boolean {
  const path = `/proc/${pid}/cmdline`
  return existsSync(path) && readFileSync(path, 'utf8').startsWith('postgres')
}

/** In nanoseconds, where `stat` counts hundredths of a second. */
function cpuMsOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6
}
