import { RESOLUTIONS_MS } from './merged-window.ts'
import { CLOSE_AFTER_MS } from './merged-windows.ts'
import type { MergeHead } from './resolution-store.ts'

const [FINEST_MS = 0] = RESOLUTIONS_MS

/**
 * Until when the windows of each resolution can be closed. A window is closed once the log has passed its end. Where no
 * sample follows, it is closed a good while later, since nobody will record that far back by then, and of a deleted
 * deployment at once. Closing too early costs a little work and loses nothing: what comes then is a late sample.
 *
 * @param newestEndMs the end of the newest sample that is known
 * @param hasMore more samples are stored than that
 */
export function closingOf(
  { deploymentKey, isDeleted, watermarks }: Pick<MergeHead, 'deploymentKey' | 'isDeleted' | 'watermarks'>,
  newestEndMs: number | undefined,
  nowMs: number,
  hasMore = false,
): number[] {
  // A late sample may be the newest: what was merged before it ends by the watermark.
  const logEndMs = Math.max(newestEndMs ?? 0, watermarks[0]?.throughMs ?? 0)
  let logClosedMs = Math.floor(logEndMs / FINEST_MS) * FINEST_MS
  // Not all deployments in the same moment.
  if (!isDeleted && !hasMore && nowMs < logClosedMs + phaseOf(deploymentKey)) logClosedMs -= FINEST_MS
  const timeClosedMs = hasMore ? -Infinity : isDeleted ? Infinity : nowMs - CLOSE_AFTER_MS
  const closing: number[] = []
  // From the coarsest: what is closed in a coarser resolution is so in the finer ones.
  let coarserMs = 0
  for (const [level, resolutionMs] of [...RESOLUTIONS_MS.entries()].toReversed()) {
    const lastEndMs = Math.ceil(logEndMs / resolutionMs) * resolutionMs
    coarserMs = Math.max(
      coarserMs,
      watermarks[level]?.throughMs ?? 0,
      Math.floor(logClosedMs / resolutionMs) * resolutionMs,
      lastEndMs <= timeClosedMs ? lastEndMs : 0,
    )
    closing.unshift(coarserMs)
  }
  return closing
}

function phaseOf(deploymentKey: number): number {
  return (deploymentKey % 8) * 1000
}
