import type { Sample } from '../metrics/sample.ts'
import {
  finerOf,
  FIVE_MINUTES_MS,
  FLEET_SERIES,
  type MergedWindow,
  RESOLUTIONS_MS,
  SHARED_RESOLUTION_MS,
  windowStartOf,
} from './merged-window.ts'
import { type Growth, WindowBuilder } from './window-builder.ts'

/** How far one resolution of one deployment is merged. */
export interface Watermark {
  /** Every window that ends by then. */
  throughMs: number
  /** The newest sample that is merged. */
  sequence: number
}

/** What is merged of one deployment at once. */
export interface Step {
  deploymentKey: number
  modelKey: number
  /** One for each resolution, ascending; in the same order below. */
  watermarks: readonly Watermark[]
  /** No windows of five minutes are made of before it; null: of all that was recorded. */
  fiveMinutesFromMs: number | null
  /** Until when windows are closed now: never before the watermark, and never later than in a finer resolution. */
  closingMs: readonly number[]
  /** What follows the newest sample that is merged, without holes. */
  samples: readonly Sample[]
}

/** Windows of one series that start in [fromMs, toMs). */
export interface WindowRange {
  series: number
  resolutionMs: number
  fromMs: number
  toMs: number
}

export interface StepResult {
  watermarks: Watermark[]
  /** What becomes of the deployment's windows. */
  growths: Growth[]
}

/**
 * The deployment's stored windows that a step needs.
 *
 * How each sample comes to be in each resolution exactly once: it is merged into the finest one when its sequence comes;
 * into a coarser one together with its whole finer windows, once those are closed. For a sample that is late, whose
 * coarser window is closed already, that has been: so it is merged into that window at once.
 */
export function rangesOf(step: Step): WindowRange[] {
  const { deploymentKey: series, watermarks, closingMs, samples } = step
  const ranges: WindowRange[] = []
  for (const [level, resolutionMs] of RESOLUTIONS_MS.entries()) {
    const touched = samples.filter((sample) => level === 0 || isLate(sample, resolutionMs, watermarks[level]))
    ranges.push(...joined(series, resolutionMs, touched))
    const fromMs = watermarks[level]?.throughMs ?? 0
    const toMs = closingMs[level] ?? 0
    const finerMs = finerOf(resolutionMs)
    if (finerMs !== undefined && toMs > fromMs) ranges.push({ series, resolutionMs: finerMs, fromMs, toMs })
  }
  return ranges
}

/** @param stored the windows of `rangesOf` that are there, in any order */
export function mergeStep(step: Step, stored: readonly MergedWindow[]): StepResult {
  const { deploymentKey, watermarks, closingMs, samples, fiveMinutesFromMs } = step
  const before = index(stored)
  const growths: Growth[] = []
  /** By resolution and start: all windows that are stored or have just changed. */
  const known = new Map<number, Map<number, MergedWindow>>()
  const marks: Watermark[] = []
  for (const [level, resolutionMs] of RESOLUTIONS_MS.entries()) {
    const { throughMs = 0, sequence = 0 } = watermarks[level] ?? {}
    const closedMs = Math.max(throughMs, closingMs[level] ?? 0)
    const builders = new Map<number, WindowBuilder>()
    const at = (windowStartMs: number) => {
      const builder = builders.get(windowStartMs) ?? new WindowBuilder(deploymentKey, resolutionMs, windowStartMs)
      builders.set(windowStartMs, builder)
      return builder
    }
    for (const sample of samples) {
      if (level === 0 || isLate(sample, resolutionMs, watermarks[level])) {
        at(windowStartOf(endOf(sample), resolutionMs)).addSample(sample)
      }
    }
    const finer = known.get(finerOf(resolutionMs) ?? 0) ?? []
    for (const [startMs, window] of [...finer].toSorted(([a], [b]) => a - b)) {
      if (startMs < throughMs || startMs >= closedMs) continue
      at(Math.floor(startMs / resolutionMs) * resolutionMs).addWindow(window)
    }
    const firstMs = resolutionMs === FIVE_MINUTES_MS ? (fiveMinutesFromMs ?? -Infinity) : -Infinity
    const changed = [...builders]
      .filter(([startMs]) => startMs >= firstMs)
      .map(([startMs, builder]) => grow(before.get(keyOf(deploymentKey, resolutionMs, startMs)), builder.build()))
    growths.push(...changed)
    known.set(
      resolutionMs,
      new Map(
        [...stored.filter((window) => window.resolutionMs === resolutionMs), ...changed.map(({ after }) => after)].map(
          (window) => [window.windowStartMs, window],
        ),
      ),
    )
    const merged = level === 0 ? (samples.at(-1)?.sequence ?? 0) : highest(changed)
    marks.push({ throughMs: closedMs, sequence: Math.max(sequence, merged) })
  }
  return { watermarks: marks, growths }
}

/** The windows of models and of the fleet that windows of their deployments are part of. */
export function sharedRanges(steps: readonly { modelKey: number; growths: readonly Growth[] }[]): WindowRange[] {
  const ranges = new Map<string, WindowRange>()
  for (const { modelKey, growths } of steps) {
    for (const { added } of growths.filter(isShared)) {
      const { resolutionMs, windowStartMs: fromMs } = added
      for (const series of [FLEET_SERIES, -modelKey]) {
        ranges.set(keyOf(series, resolutionMs, fromMs), { series, resolutionMs, fromMs, toMs: fromMs + resolutionMs })
      }
    }
  }
  return [...ranges.values()]
}

/** What becomes of them. */
export function mergeShared(
  steps: readonly { modelKey: number; growths: readonly Growth[] }[],
  stored: readonly MergedWindow[],
): MergedWindow[] {
  const before = index(stored)
  const builders = new Map<string, WindowBuilder>()
  for (const { modelKey, growths } of steps) {
    for (const growth of growths.filter(isShared)) {
      const { resolutionMs, windowStartMs } = growth.added
      for (const series of [FLEET_SERIES, -modelKey]) {
        const key = keyOf(series, resolutionMs, windowStartMs)
        let builder = builders.get(key)
        if (builder === undefined) {
          builder = new WindowBuilder(series, resolutionMs, windowStartMs)
          const known = before.get(key)
          if (known !== undefined) builder.addShared(known)
          builders.set(key, builder)
        }
        builder.addMember(growth)
      }
    }
  }
  return [...builders.values()].map((builder) => builder.build())
}

export function endOf({ windowStartMs, windowMs }: Sample): number {
  return windowStartMs + windowMs
}

function isShared({ added }: Growth): boolean {
  return added.resolutionMs >= SHARED_RESOLUTION_MS
}

function isLate(sample: Sample, resolutionMs: number, watermark: Watermark | undefined): boolean {
  return windowStartOf(endOf(sample), resolutionMs) + resolutionMs <= (watermark?.throughMs ?? 0)
}

function grow(before: MergedWindow | undefined, added: MergedWindow): Growth {
  if (before === undefined) return { before, added, after: added }
  const builder = new WindowBuilder(added.series, added.resolutionMs, added.windowStartMs)
  builder.addWindow(before)
  builder.addWindow(added)
  return { before, added, after: builder.build() }
}

function highest(growths: readonly Growth[]): number {
  return growths.reduce((sequence, { after }) => Math.max(sequence, after.lastSequence ?? 0), 0)
}

/** The windows that samples end in; neighbours become one range. */
function joined(series: number, resolutionMs: number, samples: readonly Sample[]): WindowRange[] {
  const starts = new Set(samples.map((sample) => windowStartOf(endOf(sample), resolutionMs)))
  const ranges: WindowRange[] = []
  for (const fromMs of [...starts].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last?.toMs === fromMs) last.toMs += resolutionMs
    else ranges.push({ series, resolutionMs, fromMs, toMs: fromMs + resolutionMs })
  }
  return ranges
}

function index(windows: readonly MergedWindow[]): Map<string, MergedWindow> {
  return new Map(windows.map((window) => [keyOf(window.series, window.resolutionMs, window.windowStartMs), window]))
}

function keyOf(series: number, resolutionMs: number, windowStartMs: number): string {
  return `${series} ${resolutionMs} ${windowStartMs}`
}
