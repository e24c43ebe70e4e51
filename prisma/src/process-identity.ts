import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { codeOf } from './database-start-error.ts'

/** Which process it is, for another one that wants to know whether it has ended. */
export interface ProcessIdentity {
  host: string
  pid: number
  /**
   * The boot of its machine, its pid namespace, and its start in ticks since that boot, separated by spaces; null where
   * the system does not tell (only Linux does).
   */
  startedAt: string | null
}

export function thisProcess(): ProcessIdentity {
  const start = startOf(process.pid)
  return { host: hostname(), pid: process.pid, startedAt: start && `${pidSpace()} ${start.ticks}` }
}

/**
 * Whether a process has provably ended: it ran on this boot and in this pid namespace (no other container), where its
 * pid is free, a zombie's, or by now that of a process that started at another time.
 */
export function hasEnded({ host, pid, startedAt }: ProcessIdentity): boolean {
  const space = pidSpace()
  // Machines that were cloned while they ran have a boot in common.
  if (host !== hostname() || startedAt === null || space === null || !startedAt.startsWith(`${space} `)) return false
  const start = startOf(pid)
  if (start === null) return isFree(pid)
  return start.isZombie || startedAt !== `${space} ${start.ticks}`
}

/** The names of pids: what runs elsewhere can have the same pid. */
function pidSpace(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    // Not Linux, or /proc is not mounted: nothing can be proved.
    return null
  }
}

function startOf(pid: number): { ticks: string; isZombie: boolean } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // From field 3; the name in field 2 may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { ticks: fields[19] ?? '', isZombie: fields[0] === 'Z' || fields[0] === 'X' }
  } catch {
    // Gone, or hidden from this user.
    return null
  }
}

function isFree(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    // EPERM: it runs, under another user.
    return codeOf(error) === 'ESRCH'
  }
}
