import { setTimeout as timeout } from 'node:timers/promises'
import { isUnavailable } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { Part } from '../base/lifecycle.ts'
import type { Sample } from '../metrics/sample.ts'
import { RESOLUTIONS_MS } from './merged-window.ts'
import { CLOSE_AFTER_MS } from './merged-windows.ts'
import { closingOf } from './resolution-closing.ts'
import { endOf, mergeShared, mergeStep, rangesOf, sharedRanges } from './resolution-merge.ts'
import type { MergeHead, ResolutionStore } from './resolution-store.ts'
import { changedWatermarks, type Due, mergedSequence, type Task, taskOf } from './resolution-tasks.ts'

const [FINEST_MS = 0] = RESOLUTIONS_MS
/** How often it looks for windows that can be closed. */
const EVERY_MS = 1000
/** Watermarks are read again at least this often: deployments come and go. */
const HEADS_TTL_MS = 10_000
/** What is merged at once, so that statements are short and little waits behind it. */
const BATCH_DEPLOYMENTS = 64
/** Samples that are read at once: an embedded database does nothing else meanwhile. */
const READ_ROWS = 1000
/** Batches in a row that find the database other than it was known. */
const MAX_REFUSALS = 5
/** A deployment that cannot be merged is tried again after this time; the others do not wait for it. */
const SET_ASIDE_MS = 5 * 60_000
/** Where more cannot be merged, the fault is not theirs. */
const MAX_SET_ASIDE = 10

export interface RollUpOptions {
  store: Pick<ResolutionStore, 'heads' | 'samplesAfter' | 'windows' | 'write'>
  /** Samples of a deployment that are in memory, ascending by sequence: as good as read, where there is no hole. */
  recent: (deploymentKey: number) => readonly Sample[]
  clock: Clock
  /** Called once for each time that merging is stalled, and at its end. */
  onStall: (error: unknown) => void
  onRecovery: () => void
  /** Called when one deployment cannot be merged. */
  onError: (error: unknown, deploymentKey: number) => void
  /** Waits; ends early when aborted. Injected by tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Merges samples into windows of 10 s, 1 min, 5 min, 10 min, 1 h and 1 day, of each deployment, its model and the fleet: every sample
 * once in every resolution, whatever happens. One batch is one statement, with its watermarks, that writes nothing when
 * another one came between (see ResolutionStore); so whatever it knows of watermarks may be wrong, and costs a second try.
 */
export class RollUp implements Part {
  readonly #options: RollUpOptions
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null
  #heads = new Map<number, MergeHead>()
  #version = 0
  #headsReadAt = -Infinity
  /** Deployments that were looked at in this round, and whose next window cannot be closed yet after all. */
  readonly #resting = new Set<number>()
  /** Deployments that cannot be merged, and until when they are left out. */
  readonly #setAside = new Map<number, number>()
  /** After a failure one deployment is merged at a time, to find the one that cannot be. */
  #batchDeployments = BATCH_DEPLOYMENTS
  /** Samples in memory are not believed for a round, after a batch was refused. */
  #isMemoryTrusted = true
  #isStalled = false

  constructor(options: RollUpOptions) {
    this.#options = options
    this.#sleep = options.sleep ?? sleep
  }

  /** Deployments of before an upgrade have watermarks then, and cannot be deleted without. */
  async start(): Promise<void> {
    await this.#readHeads(this.#options.clock.now())
    this.#running ??= this.#run()
  }

  /** Ends after the batch in flight. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** By resolution, in milliseconds: for how long the oldest window could have been merged that is not. */
  get lagsMs(): Map<number, number> {
    const nowMs = this.#options.clock.now()
    const lags = new Map<number, number>(RESOLUTIONS_MS.map((resolutionMs) => [resolutionMs, 0]))
    for (const head of this.#heads.values()) {
      const { endMs = 0 } = this.#newestOf(head)
      for (const [level, resolutionMs] of RESOLUTIONS_MS.entries()) {
        const nextEndMs = (head.watermarks[level]?.throughMs ?? 0) + resolutionMs
        if (endMs < nextEndMs) continue
        lags.set(resolutionMs, Math.max(lags.get(resolutionMs) ?? 0, nowMs - nextEndMs))
      }
    }
    return lags
  }

  async #run(): Promise<void> {
    const { clock, onStall, onRecovery } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      const startedMs = clock.now()
      try {
        await this.mergeUntil(startedMs)
        if (this.#isStalled) onRecovery()
        this.#isStalled = false
      } catch (error) {
        if (!this.#isStalled) onStall(error)
        this.#isStalled = true
      }
      await this.#sleep(Math.max(EVERY_MS / 10, EVERY_MS - (clock.now() - startedMs)), signal)
    }
  }

  /**
   * Merges every window that can be closed by `nowMs`, unless there is more to catch up than a while is enough for.
   * Rejects when the store does; nothing is lost then.
   */
  async mergeUntil(nowMs: number): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stop
    const startedMs = clock.now()
    this.#resting.clear()
    try {
      let refusals = 0
      for (;;) {
        if (nowMs - this.#headsReadAt >= HEADS_TTL_MS || nowMs < this.#headsReadAt) await this.#readHeads(nowMs)
        const due = this.#due(nowMs)
        if (due.length === 0 || clock.now() - startedMs > HEADS_TTL_MS) break
        for (let at = 0; at < due.length && this.#headsReadAt > -Infinity; at += this.#batchDeployments) {
          const batchMs = performance.now()
          const isMerged = await this.#mergeOrSetAside(due.slice(at, at + this.#batchDeployments), nowMs)
          refusals = isMerged ? 0 : refusals + 1
          if (refusals >= MAX_REFUSALS) throw new Error('the merged windows are written by somebody else')
          // Half of the time belongs to others, however much there is to catch up.
          await this.#sleep(performance.now() - batchMs, signal)
          if (signal.aborted) return
        }
      }
      this.#isMemoryTrusted = true
      this.#batchDeployments = BATCH_DEPLOYMENTS
    } catch (error) {
      // The outcome is unknown: it is in the watermarks.
      this.#headsReadAt = -Infinity
      throw error
    }
  }

  async #readHeads(nowMs: number): Promise<void> {
    const { version, heads } = await this.#options.store.heads()
    this.#version = version
    this.#heads = new Map(heads.map((head) => [head.deploymentKey, head]))
    this.#headsReadAt = nowMs
    for (const [key, untilMs] of this.#setAside) if (untilMs <= nowMs) this.#setAside.delete(key)
  }

  #newestOf({ deploymentKey, sequence, logEndMs }: MergeHead): Due['newest'] {
    const newest = this.#options.recent(deploymentKey).at(-1)
    return {
      sequence: Math.max(sequence, newest?.sequence ?? 0),
      endMs: newest === undefined ? (logEndMs ?? undefined) : Math.max(logEndMs ?? 0, endOf(newest)),
    }
  }

  #due(nowMs: number): Due[] {
    const due: Due[] = []
    for (const head of this.#heads.values()) {
      if (this.#setAside.has(head.deploymentKey) || this.#resting.has(head.deploymentKey)) continue
      const newest = this.#newestOf(head)
      const [finest] = head.watermarks
      const isLate = newest.sequence > (finest?.sequence ?? 0) && (newest.endMs ?? 0) <= (finest?.throughMs ?? 0)
      const { endMs = 0 } = newest
      const isOpen = endMs < (finest?.throughMs ?? 0) + FINEST_MS && endMs > nowMs - CLOSE_AFTER_MS
      if (isOpen && !isLate && !head.isDeleted) continue
      const closing = closingOf(head, endMs, nowMs)
      const closes = closing.some((ms, level) => ms > (head.watermarks[level]?.throughMs ?? 0))
      if (isLate || closes) due.push({ head, newest })
    }
    return due
  }

  /** True when it was merged; false when it is to be tried again. */
  async #mergeOrSetAside(batch: Due[], nowMs: number): Promise<boolean> {
    try {
      return await this.#merge(batch, nowMs)
    } catch (error) {
      const [{ head } = {}] = batch
      if (isUnavailable(error) || head === undefined) throw error
      this.#headsReadAt = -Infinity
      if (batch.length > 1) this.#batchDeployments = 1
      else if (this.#setAside.size >= MAX_SET_ASIDE) throw error
      else {
        this.#setAside.set(head.deploymentKey, nowMs + SET_ASIDE_MS)
        this.#options.onError(error, head.deploymentKey)
      }
      return true
    }
  }

  async #merge(batch: readonly Due[], nowMs: number): Promise<boolean> {
    const { store } = this.#options
    const tasks = await this.#tasks(batch, nowMs)
    const stored = groupBy(await store.windows(tasks.flatMap(({ step }) => rangesOf(step))), ({ series }) => series)
    const results = tasks.map(({ head, step, witness }) => {
      const result = mergeStep(step, stored.get(step.deploymentKey) ?? [])
      const watermarks = changedWatermarks(step, result)
      // What it waits for has not come yet.
      if (watermarks.length === 0) this.#resting.add(head.deploymentKey)
      return { ...result, head, witness, modelKey: head.modelKey, changed: watermarks }
    })
    const shared = mergeShared(results, await store.windows(sharedRanges(results)))
    const watermarks = results.flatMap(({ changed }) => changed)
    if (watermarks.length > 0) {
      const windows = [...results.flatMap(({ growths }) => growths.map(({ after }) => after)), ...shared]
      const witnesses = results.flatMap(({ witness }) => witness ?? [])
      if (!(await store.write({ windows, watermarks, witnesses }, this.#version))) {
        this.#headsReadAt = -Infinity
        this.#isMemoryTrusted = false
        return false
      }
      this.#version += 1
    }
    for (const { head, watermarks: merged } of results) head.watermarks = merged
    return true
  }

  /** Gives each its samples: from memory where those follow the watermark, else from the store. */
  async #tasks(batch: readonly Due[], nowMs: number): Promise<Task[]> {
    const tasks: Task[] = []
    const unread: Due[] = []
    for (const due of batch) {
      const samples = this.#inMemory(due)
      if (samples === undefined) unread.push(due)
      else tasks.push(taskOf(due, samples, true, false, nowMs))
      // Whoever finds no place in this batch comes with the next one.
      if (unread.reduce((rows, { head, newest }) => rows + newest.sequence - mergedSequence(head), 0) >= READ_ROWS)
        break
    }
    if (unread.length === 0) return tasks
    const asked = unread.map(({ head }) => ({ deploymentKey: head.deploymentKey, sequence: mergedSequence(head) }))
    const limitEach = Math.max(1, Math.floor(READ_ROWS / unread.length))
    const read = groupBy(await this.#options.store.samplesAfter(asked, limitEach), (sample) => sample.deploymentKey)
    for (const due of unread) {
      const samples = read.get(due.head.deploymentKey) ?? []
      tasks.push(taskOf(due, samples, false, samples.length === limitEach, nowMs))
    }
    return tasks
  }

  /** What is in memory after the watermark; undefined where that does not reach back so far, or lacks the newest. */
  #inMemory({ head, newest }: Due): readonly Sample[] | undefined {
    const merged = mergedSequence(head)
    if (!this.#isMemoryTrusted) return undefined
    if (newest.sequence <= merged) return []
    const recent = this.#options.recent(head.deploymentKey)
    const last = recent.at(-1)?.sequence ?? 0
    if (last < newest.sequence) return undefined
    const from = recent.length - (last - merged)
    return recent[from]?.sequence === merged + 1 ? recent.slice(from) : undefined
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await timeout(Math.max(0, ms), undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
