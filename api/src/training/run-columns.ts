import type { TrainingJob, TrainingJobStatus } from '@gaugeline/prisma'
import { isFinal, type ReportedTimes, statusAfter, type TrainingJobUpdate } from './training-input.ts'

/** What an update makes of a job that is not finished. */
export function runColumns(before: TrainingJob, update: TrainingJobUpdate, now: Date) {
  const status = statusAfter(update, before.status)
  return {
    status,
    progress: status === 'COMPLETED' ? 1 : (update.progress ?? before.progress),
    finalLoss: update.finalLoss ?? before.finalLoss,
    finalAccuracy: update.finalAccuracy ?? before.finalAccuracy,
    failureReason: update.failureReason ?? before.failureReason,
    ...timesOf(status, update, before.startedAt, now),
  }
}

/** When a job began and ended: as reported, or else as seen here. A job never ends before it begins. */
export function timesOf(
  status: TrainingJobStatus,
  reported: ReportedTimes,
  startedBefore: Date | null,
  now: Date,
): { startedAt: Date | null; finishedAt: Date | null } {
  if (status === 'QUEUED') return { startedAt: null, finishedAt: null }
  const startedAt = reported.startedAt ?? startedBefore ?? reported.finishedAt ?? now
  if (!isFinal(status)) return { startedAt, finishedAt: null }
  return { startedAt, finishedAt: reported.finishedAt ?? (startedAt > now ? startedAt : now) }
}
