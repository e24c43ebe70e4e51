import { Status, type Tone } from '../../ui/status.tsx'
import type { TrainingStatus } from './training-search.ts'

export const STATUS_WORDS: Record<TrainingStatus, string> = {
  QUEUED: 'Queued',
  RUNNING: 'Running',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
}

const TONES: Record<TrainingStatus, Tone> = {
  QUEUED: 'quiet',
  RUNNING: 'busy',
  COMPLETED: 'ok',
  FAILED: 'bad',
  CANCELLED: 'quiet',
}

/** The status of a job. A running job also shows its progress, as a bar and in per cent. */
export function JobStatus({ status, progress }: { status: TrainingStatus; progress: number }) {
  if (status !== 'RUNNING') return <Status tone={TONES[status]}>{STATUS_WORDS[status]}</Status>
  const percent = Math.floor(Math.min(1, Math.max(0, progress)) * 100)
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <Status tone="busy">Running</Status>
      <span
        role="progressbar"
        aria-label="Progress"
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        className="h-1 w-10 overflow-hidden rounded-full bg-line"
      >
        <span className="block h-full bg-accent" style={{ width: `${percent}%` }} />
      </span>
      <span translate="no" className="min-w-[5ch] text-right text-xs text-muted">
        {percent} %
      </span>
    </span>
  )
}
