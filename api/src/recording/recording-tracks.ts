import type { Sample } from '../metrics/sample.ts'
import type { RecordingHead } from '../samples/sample-store.ts'
import type { MeasurementRequest, Source } from './sources/source.ts'

/** How far back a recorder that was held up catches up; what lies further back stays a gap. */
const CATCH_UP_MS = 60_000

export interface DeploymentSource {
  source: Source
  /** Length of a window. */
  intervalMs: number
}

/** One deployment that is being recorded. */
export interface Track extends DeploymentSource {
  head: RecordingHead
  /** The source was asked for everything before this; beyond the head where it had no measurement. */
  askedThroughMs: number
}

/** A window that has ended and is to be measured. */
export interface Due extends MeasurementRequest {
  track: Track
}

/** What waits for the next round. */
export interface Waiting {
  /** Sources that failed. */
  sources: Set<Source>
  /** Deployments whose head is locked, or whose source has no answer yet: they are tried again, and nobody waits. */
  deployments: Set<number>
}

/** The deployments that are recorded, and how far each of them is. */
export class RecordingTracks {
  readonly #sourceOf: (deployment: RecordingHead) => DeploymentSource
  #tracks = new Map<number, Track>()
  /** Published so far, by deployment: what the store holds beyond it was stored by a statement of unknown outcome. */
  readonly #published = new Map<number, number>()

  constructor(sourceOf: (deployment: RecordingHead) => DeploymentSource) {
    this.#sourceOf = sourceOf
  }

  /** Goes on from these heads. Gives the logs that hold more than was published, and after which sequence. */
  set(heads: readonly RecordingHead[]): { deploymentKey: number; after: number }[] {
    const tracks = heads.map((head): Track => {
      // A head that went back: the database was set back, and what was lost with it is asked for again.
      const isSetBack = head.sequence < (this.#published.get(head.deploymentKey) ?? 0)
      const known = isSetBack ? undefined : this.#tracks.get(head.deploymentKey)
      const askedThroughMs = known?.askedThroughMs ?? -Infinity
      return { ...this.#sourceOf(head), head, askedThroughMs }
    })
    this.#tracks = new Map(tracks.map((track) => [track.head.deploymentKey, track]))
    return heads.flatMap(({ deploymentKey, sequence }) => {
      const after = this.#published.get(deploymentKey)
      return after !== undefined && sequence > after ? [{ deploymentKey, after }] : []
    })
  }

  /** What these heads hold is published. */
  setPublished(heads: readonly RecordingHead[]): void {
    for (const { deploymentKey, sequence } of heads) this.#published.set(deploymentKey, sequence)
    for (const key of this.#published.keys()) if (!this.#tracks.has(key)) this.#published.delete(key)
  }

  /** Windows that have ended and were not asked for, ascending in each deployment. */
  due(nowMs: number, waiting: Waiting, limit: number): Due[] {
    const due: Due[] = []
    for (const track of this.#tracks.values()) {
      if (waiting.sources.has(track.source) || waiting.deployments.has(track.head.deploymentKey)) continue
      const { head, intervalMs } = track
      const throughMs = Math.floor(nowMs / intervalMs) * intervalMs
      const deployment = { id: head.deploymentId, createdAtMs: head.createdAtMs }
      const recordedThroughMs = recordedThrough(head)
      for (
        let startMs = nextWindowStart(track, throughMs, intervalMs);
        startMs + intervalMs <= throughMs;
        startMs += intervalMs
      ) {
        if (due.length >= limit) return due
        due.push({ track, deployment, recordedThroughMs, window: { startMs, durationMs: intervalMs } })
      }
    }
    return due
  }

  /** This sample is stored, and is published next. */
  advance({ deploymentKey, sequence, windowStartMs, windowMs }: Sample): void {
    this.#published.set(deploymentKey, sequence)
    const track = this.#tracks.get(deploymentKey)
    if (track) Object.assign(track.head, { sequence, lastWindowEndMs: windowStartMs + windowMs })
  }

  /** Asks for this deployment no more, until its head was read again. */
  forget(deploymentKey: number): void {
    this.#tracks.delete(deploymentKey)
  }
}

/**
 * Start of the next window to record: after the last stored one and those already asked for, not before the last
 * resume, at most 60 s back. So windows never overlap, whatever their length was before.
 */
function nextWindowStart({ head, askedThroughMs }: Track, throughMs: number, intervalMs: number): number {
  const earliest = Math.max(recordedThrough(head), askedThroughMs, throughMs - CATCH_UP_MS)
  return Math.ceil(earliest / intervalMs) * intervalMs
}

function recordedThrough({ lastWindowEndMs, recordingSinceMs }: RecordingHead): number {
  return Math.max(lastWindowEndMs ?? 0, recordingSinceMs)
}
