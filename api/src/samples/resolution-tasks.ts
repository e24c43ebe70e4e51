import type { Sample } from '../metrics/sample.ts'
import { RESOLUTIONS_MS } from './merged-window.ts'
import { closingOf } from './resolution-closing.ts'
import { endOf, type Step, type StepResult, type Watermark } from './resolution-merge.ts'
import type { MergeHead } from './resolution-store.ts'

/** A deployment with something to merge. */
export interface Due {
  head: MergeHead
  /** Its newest sample, as far as it is known. */
  newest: { sequence: number; endMs: number | undefined }
}

/** What of one deployment is merged at once. */
export interface Task {
  head: MergeHead
  step: Step
  witness: Sample | undefined
}

/** The newest sample that is merged into the finest windows. */
export function mergedSequence({ watermarks }: MergeHead): number {
  return watermarks[0]?.sequence ?? 0
}

/** What to merge of a deployment, of the samples after its watermark: those whose windows can be closed. */
export function taskOf(
  { head, newest }: Due,
  samples: readonly Sample[],
  isFromMemory: boolean,
  hasMore: boolean,
  nowMs: number,
): Task {
  const endMs = samples.reduce((end, sample) => Math.max(end, endOf(sample)), hasMore ? 0 : (newest.endMs ?? 0))
  const closingMs = closingOf(head, endMs, nowMs, hasMore)
  const open = samples.findIndex((sample) => endOf(sample) > (closingMs[0] ?? 0))
  // Where all that could be read belongs to one window, it is merged before that is closed.
  const count = open < 0 || (open === 0 && hasMore) ? samples.length : open
  const taken = samples.slice(0, count)
  return {
    head,
    step: { ...head, closingMs, samples: taken },
    witness: isFromMemory ? taken.at(-1) : undefined,
  }
}

export type Mark = Watermark & { deploymentKey: number; resolutionMs: number }

/** What is to be written of its watermarks. */
export function changedWatermarks({ deploymentKey, watermarks: before }: Step, { watermarks }: StepResult): Mark[] {
  const marks: Mark[] = []
  for (const [level, { throughMs, sequence }] of watermarks.entries()) {
    const resolutionMs = RESOLUTIONS_MS[level]
    const was = before[level]
    if (resolutionMs === undefined || (was?.throughMs === throughMs && was.sequence === sequence)) continue
    marks.push({ deploymentKey, resolutionMs, throughMs, sequence })
  }
  return marks
}
