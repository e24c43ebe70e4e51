import { encodedMetrics } from './measure.ts'
import type { Database, Scenario } from '@gaugeline/prisma'
import type { KeptTimes } from '../base/kept-times.ts'
import { FLEET_SERIES, type MergedWindow, RESOLUTIONS_MS, SHARED_RESOLUTION_MS } from '../samples/merged-window.ts'
import { ResolutionStore } from '../samples/resolution-store.ts'
import { storedTables } from '../samples/stored-tables.ts'
import { WindowBuilder } from '../samples/window-builder.ts'
import { generateInferenceMetrics } from './sources/simulator/generate-inference-metrics.ts'
import { profileFor, type TrafficProfile } from './sources/simulator/traffic-profile.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How far back the windows of each resolution go by default, ascending: those of a day as far as those of an hour. */
const SPANS_MS: readonly number[] = [HOUR_MS, 25 * HOUR_MS, 25 * HOUR_MS, 3 * DAY_MS, 30 * DAY_MS]
/** Samples go back so far: they are recorded by whoever fills in what is missing until now. */
const SAMPLES_MS = 15 * MINUTE_MS
const BATCH_WINDOWS = 1000

/** Hours before now. */
const OUTAGE = { from: 215, to: 212 }
const ERRORS = { job: 'vision/defect-detector v1.0.0', from: 52, to: 50, rate: 0.18 }
const SLOW = { job: 'chat/assistant-8b v1.2.0', from: 30, to: 24, factor: 2.6 }

/** A deployment of the scenario, also a deleted one, and when it recorded. */
interface Recorded {
  id: string
  name: string
  modelName: string
  /** Null once deleted. */
  key: number | null
  createdAtMs: number
  spans: { fromMs: number; toMs: number }[]
}

/**
 * Fills in what the deployments of a fresh scenario would have recorded in thirty days: a month of windows of an hour
 * and a day, three days of 10 minutes, 25 hours of 1 minute, an hour of 10 seconds. Each is merged from the finer ones
 * where those begin, and drawn by itself before. The logs then begin a quarter of an hour ago: their samples are recorded
 * from there on, and merged as ever.
 */
export async function fillHistory(
  database: Database,
  keep: KeptTimes,
  events: Scenario['deploymentEvents'],
  nowMs: number,
  spansMs = SPANS_MS,
): Promise<void> {
  const { prisma } = database
  const untilMs = Math.floor((nowMs - SAMPLES_MS) / (10 * MINUTE_MS)) * 10 * MINUTE_MS
  const [, ...tables] = storedTables(keep)
  const store = new ResolutionStore(database, tables)
  const models = new Map((await prisma.model.findMany()).map(({ name, key }) => [name, key]))
  const keys = new Map((await prisma.deployment.findMany()).map(({ id, key }) => [id, key]))
  let { version } = await store.heads()
  const write = async (windows: MergedWindow[], watermarks: Parameters<ResolutionStore['write']>[0]['watermarks']) => {
    const isWritten = await store.write({ windows, watermarks, witnesses: [] }, version)
    if (!isWritten) throw new Error('Somebody else writes merged windows while the history is filled in.')
    version += 1
  }

  const shared = new Map<string, WindowBuilder>()
  for (const deployment of recordedOf(events, keys, nowMs, untilMs)) {
    const { key, modelName } = deployment
    const levels = windowsOf(deployment, nowMs, untilMs, spansMs)
    const windows = levels.flat()
    addToShared(shared, [FLEET_SERIES, -(models.get(modelName) ?? 0)], windows)
    if (key === null) continue
    for (let at = 0; at < windows.length; at += BATCH_WINDOWS) await write(windows.slice(at, at + BATCH_WINDOWS), [])
    const last = lastSequence(levels[0] ?? []) || Math.max(0, ...levels.map(lastSequence))
    await write(
      [],
      levels.map((own, level) => {
        const resolutionMs = RESOLUTIONS_MS[level] ?? DAY_MS
        const throughMs = Math.floor(untilMs / resolutionMs) * resolutionMs
        return { deploymentKey: key, resolutionMs, throughMs, sequence: level === 0 ? last : lastSequence(own) }
      }),
    )
    const endMs = deployment.spans.at(-1)?.toMs
    if (endMs === undefined || last === 0) continue
    const data = { sequence: last, lastWindowEnd: new Date(endMs) }
    await prisma.sampleHead.update({ where: { deploymentKey: key }, data })
  }
  const windows = [...shared.values()].map((builder) => builder.build())
  for (let at = 0; at < windows.length; at += BATCH_WINDOWS) await write(windows.slice(at, at + BATCH_WINDOWS), [])
}

/** From the events: when each was active, in whole seconds, but for an outage of the server. */
function recordedOf(
  events: Scenario['deploymentEvents'],
  keys: ReadonlyMap<string, number>,
  nowMs: number,
  untilMs: number,
): Recorded[] {
  const outage = { fromMs: nowMs - OUTAGE.from * HOUR_MS, toMs: nowMs - OUTAGE.to * HOUR_MS }
  const all = new Map<string, Recorded & { sinceMs: number | null }>()
  const end = (recorded: Recorded & { sinceMs: number | null }, toMs: number) => {
    const { sinceMs, spans } = recorded
    recorded.sinceMs = null
    if (sinceMs === null) return
    for (const [from, to] of [
      [sinceMs, Math.min(toMs, outage.fromMs)],
      [Math.max(sinceMs, outage.toMs), toMs],
    ] as const) {
      const [fromMs, endMs] = [Math.ceil(from / SECOND_MS) * SECOND_MS, Math.floor(to / SECOND_MS) * SECOND_MS]
      if (endMs > fromMs) spans.push({ fromMs, toMs: endMs })
    }
  }
  for (const { deploymentId: id, kind, at, modelName, versionNumber } of events) {
    const atMs = at.getTime()
    const known = all.get(id) ?? {
      id,
      name: `${modelName} v1.${versionNumber}.0`,
      modelName,
      key: keys.get(id) ?? null,
      createdAtMs: atMs,
      spans: [],
      sinceMs: null,
    }
    all.set(id, known)
    if (kind === 'DEPLOYED' || kind === 'RESUMED') known.sinceMs = atMs
    else if (kind === 'PAUSED' || kind === 'DELETED') end(known, Math.min(atMs, untilMs))
  }
  for (const recorded of all.values()) end(recorded, untilMs)
  return [...all.values()]
}

/** The windows of one deployment, by resolution, ascending. */
function windowsOf(deployment: Recorded, nowMs: number, untilMs: number, spansMs: readonly number[]): MergedWindow[][] {
  const begins = spansMs.map((spanMs, level) => {
    const coarserMs = RESOLUTIONS_MS[level + 1] ?? DAY_MS
    return Math.floor((untilMs - spanMs) / coarserMs) * coarserMs
  })
  const levels = RESOLUTIONS_MS.map((): MergedWindow[] => [])
  // From the past on, so that sequences ascend: the coarsest windows that are drawn come first.
  let sequence = 0
  for (const [level, fromMs] of [...begins.entries()].toReversed()) {
    const resolutionMs = RESOLUTIONS_MS[level] ?? HOUR_MS
    const toMs = level === 0 ? untilMs : (begins[level - 1] ?? untilMs)
    for (let startMs = fromMs; startMs < toMs; startMs += resolutionMs) {
      const window = drawn(deployment, nowMs, startMs, resolutionMs, sequence)
      if (window === null) continue
      sequence = window.lastSequence ?? sequence
      levels[level]?.push(window)
    }
  }
  for (const [level, resolutionMs] of RESOLUTIONS_MS.entries()) {
    const finer = levels[level - 1]
    if (finer === undefined) continue
    const throughMs = Math.floor(untilMs / resolutionMs) * resolutionMs
    const builders = new Map<number, WindowBuilder>()
    for (const window of finer) {
      const startMs = Math.floor(window.windowStartMs / resolutionMs) * resolutionMs
      if (startMs >= throughMs) continue
      const builder = builders.get(startMs) ?? new WindowBuilder(window.series, resolutionMs, startMs)
      builders.set(startMs, builder)
      builder.addWindow(window)
    }
    levels[level]?.push(...[...builders.values()].map((builder) => builder.build()))
  }
  return levels
}

/** What simulated traffic would have shown in one window; null where nothing was recorded. */
function drawn(
  { id, name, key, createdAtMs, spans }: Recorded,
  nowMs: number,
  startMs: number,
  resolutionMs: number,
  sequence: number,
): MergedWindow | null {
  const builder = new WindowBuilder(key ?? 1, resolutionMs, startMs)
  let last = sequence
  for (const { fromMs, toMs } of spans) {
    const from = Math.max(fromMs, startMs)
    const coveredMs = Math.min(toMs, startMs + resolutionMs) - from
    if (coveredMs <= 0) continue
    const profile = conditionsAt(name, profileFor({ id, createdAtMs }), (nowMs - from) / HOUR_MS)
    const figures = generateInferenceMetrics(id, { startMs: from, durationMs: coveredMs }, profile)
    builder.addWindow({
      ...encodedMetrics(figures),
      series: key ?? 1,
      resolutionMs,
      windowStartMs: startMs,
      coveredMs,
      beforeMs: 0,
      firstSequence: last + 1,
      lastSequence: last + coveredMs / SECOND_MS,
      sources: { SIMULATED: figures.requests },
    })
    last += coveredMs / SECOND_MS
  }
  return last > sequence ? builder.build() : null
}

function conditionsAt(name: string, profile: TrafficProfile, hoursAgo: number): TrafficProfile {
  if (name === ERRORS.job && hoursAgo <= ERRORS.from && hoursAgo > ERRORS.to) {
    return { ...profile, errorRate: ERRORS.rate }
  }
  if (name === SLOW.job && hoursAgo <= SLOW.from && hoursAgo > SLOW.to) {
    return { ...profile, latencyP50Ms: profile.latencyP50Ms * SLOW.factor }
  }
  return profile
}

function addToShared(shared: Map<string, WindowBuilder>, series: readonly number[], windows: readonly MergedWindow[]) {
  for (const window of windows.filter(({ resolutionMs }) => resolutionMs >= SHARED_RESOLUTION_MS)) {
    for (const each of series) {
      const { resolutionMs, windowStartMs } = window
      const key = `${each} ${resolutionMs} ${windowStartMs}`
      const builder = shared.get(key) ?? new WindowBuilder(each, resolutionMs, windowStartMs)
      shared.set(key, builder)
      builder.addMember({ before: undefined, added: window, after: window })
    }
  }
}

function lastSequence(windows: readonly MergedWindow[]): number {
  return windows.at(-1)?.lastSequence ?? 0
}
