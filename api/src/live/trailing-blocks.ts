import { MetricsMerger, type MetricsSummary, summaryOf } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'

/** Samples of one deployment, ascending: all whose windows end after `completeAfterMs`. */
export interface KeptSamples {
  readonly samples: readonly Sample[]
  readonly completeAfterMs: number
}

/** Windows that end in `(fromMs, toMs]`. */
interface Range {
  fromMs: number
  toMs: number
}

const BLOCK_MS = 10_000
/** Of samples so short that a block of them would be long to fold. */
const SHORT_BLOCK_MS = 1000
const SHORT_SAMPLE_MS = 100
/** How much longer than needed the blocks of a length are kept that nobody asks for any more. */
const FORGET_MS = 60_000

export function endOf({ windowStartMs, windowMs }: Sample): number {
  return windowStartMs + windowMs
}

/** The samples that end in `(fromMs, toMs]`, of ascending ones. */
export function endingIn(samples: readonly Sample[], fromMs: number, toMs: number): readonly Sample[] {
  return samples.slice(indexAfter(samples, fromMs), indexAfter(samples, toMs))
}

/** The first that ends after `ms`. */
function indexAfter(samples: readonly Sample[], ms: number): number {
  let low = 0
  let high = samples.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (endOf(samples[middle] as Sample) <= ms) low = middle + 1
    else high = middle
  }
  return low
}

/** With its latencies in the stored form, which is small and can be added to others. */
export function packed(summary: MetricsSummary): MetricsSummary {
  const { latency } = summary
  return latency === null || latency instanceof Uint8Array ? summary : { ...summary, latency: latency.encode() }
}

/** As a sample, to be added to others. */
export function asSample(summary: MetricsSummary, { deploymentKey, sequence, source }: Sample): Sample {
  const { atMs, windowMs: _length, coveredMs, sources, latency, perSecond: _rates, ...numbers } = packed(summary)
  return {
    deploymentKey,
    sequence,
    windowStartMs: atMs,
    windowMs: coveredMs,
    ...numbers,
    latency: latency as Uint8Array | null,
    source: sources[0] ?? source,
  }
}

/**
 * Trailing figures of one deployment: of all samples that end within so long before the end of a sample. Whole blocks
 * (10 s, aligned to the epoch) are folded once, and the ends of the range sample by sample. A figure depends on nothing
 * but the stored samples, since floats are always added in the same order: blocks and samples ascending, and the
 * samples of a block ascending.
 */
export class TrailingBlocks {
  readonly #kept: KeptSamples
  #blockMs = BLOCK_MS
  /** Whole blocks by their ends: one folded sample, or its own ones where they come from several sources. */
  readonly #folded = new Map<number, readonly Sample[]>()
  /** What was read of the blocks that memory does not reach, by their ends. */
  readonly #read = new Map<number, { throughMs: number; samples: readonly Sample[] }>()
  /** The newest end that each length was asked for. */
  readonly #asked = new Map<number, number>()
  readonly #newest = new Map<number, { sample: Sample; figure: MetricsSummary }>()

  constructor(kept: KeptSamples) {
    this.#kept = kept
  }

  /** The range that must be supplied before this figure can be made; undefined when memory has all. */
  missing(sample: Sample, overMs: number): Range | undefined {
    if (overMs <= sample.windowMs || this.#newest.get(overMs)?.sample === sample) return undefined
    let missing: Range | undefined
    for (const block of this.#blocks(sample, overMs)) {
      if ((block.isWhole && this.#folded.has(block.endMs)) || this.#samplesOf(block) !== undefined) continue
      const toMs = Math.min(block.endMs, this.#kept.completeAfterMs)
      missing = { fromMs: missing?.fromMs ?? block.endMs - this.#blockMs, toMs }
    }
    return missing
  }

  /** Takes the samples of a range that was missing for this figure. */
  supply(sample: Sample, overMs: number, range: Range, samples: readonly Sample[]): void {
    for (const block of this.#blocks(sample, overMs)) {
      if (block.endMs <= range.fromMs || block.endMs - this.#blockMs >= range.toMs) continue
      const throughMs = Math.min(block.endMs, range.toMs)
      this.#read.set(block.endMs, { throughMs, samples: endingIn(samples, block.endMs - this.#blockMs, throughMs) })
      if (!block.isWhole) continue
      this.#whole(block)
      // Where it is needed sample by sample, it is read again: most of what is read at once is needed whole.
      this.#read.delete(block.endMs)
    }
  }

  /** @throws Error when something is missing */
  figure(sample: Sample, overMs: number): MetricsSummary {
    if (overMs <= sample.windowMs) return summaryOf(sample)
    const newest = this.#newest.get(overMs)
    if (newest?.sample === sample) return newest.figure
    const fromMs = endOf(sample) - overMs
    const merger = new MetricsMerger()
    let firstStartMs = Infinity
    let recordedMs = 0
    for (const block of this.#blocks(sample, overMs)) {
      const parts = block.isWhole ? this.#whole(block) : this.#require(block)
      for (const part of parts) {
        firstStartMs = Math.min(firstStartMs, part.windowStartMs)
        recordedMs += part.windowMs
        merger.add(part, 'last')
      }
    }
    const figure = packed(merger.summary(fromMs, overMs, recordedMs - Math.max(0, fromMs - firstStartMs)))
    const isNewest = newest === undefined || newest.sample.sequence < sample.sequence
    if (isNewest) this.#newest.set(overMs, { sample, figure })
    this.#forget(sample, overMs)
    return figure
  }

  *#blocks(sample: Sample, overMs: number): Generator<Block> {
    const toMs = endOf(sample)
    const fromMs = toMs - overMs
    const blockMs = sample.windowMs < SHORT_SAMPLE_MS ? SHORT_BLOCK_MS : BLOCK_MS
    if (blockMs !== this.#blockMs) {
      this.#folded.clear()
      this.#read.clear()
      this.#blockMs = blockMs
    }
    for (let endMs = (Math.floor(fromMs / blockMs) + 1) * blockMs; endMs - blockMs < toMs; endMs += blockMs) {
      // A range no longer than a block is added sample by sample also where it is one.
      const isWhole = overMs > blockMs && endMs - blockMs >= fromMs && endMs <= toMs
      yield { endMs, isWhole, fromMs: Math.max(fromMs, endMs - blockMs), toMs: Math.min(toMs, endMs) }
    }
  }

  #whole(block: Block): readonly Sample[] {
    const known = this.#folded.get(block.endMs)
    if (known !== undefined) return known
    const samples = this.#require(block)
    const folded = fold(samples)
    this.#folded.set(block.endMs, folded)
    return folded
  }

  #require(block: Block): readonly Sample[] {
    const samples = this.#samplesOf(block)
    if (samples === undefined) throw new Error('A trailing figure needs samples that were not read.')
    return samples
  }

  /** Undefined where they must be read. */
  #samplesOf({ endMs, fromMs, toMs }: Block): readonly Sample[] | undefined {
    const { samples, completeAfterMs } = this.#kept
    if (completeAfterMs <= fromMs) return endingIn(samples, fromMs, toMs)
    const read = this.#read.get(endMs)
    if (read === undefined || read.throughMs < Math.min(toMs, completeAfterMs)) return undefined
    const older = endingIn(read.samples, fromMs, toMs)
    return read.throughMs >= toMs ? older : [...older, ...endingIn(samples, read.throughMs, toMs)]
  }

  #forget(sample: Sample, overMs: number): void {
    const toMs = Math.max(endOf(sample), this.#asked.get(overMs) ?? 0)
    this.#asked.set(overMs, toMs)
    let fromMs = Infinity
    for (const [over, askedMs] of this.#asked) {
      if (toMs - askedMs <= FORGET_MS) fromMs = Math.min(fromMs, askedMs - over)
      else {
        this.#asked.delete(over)
        this.#newest.delete(over)
      }
    }
    // They were added in about the order of their ends.
    for (const blocks of [this.#folded, this.#read]) {
      for (const endMs of blocks.keys()) {
        if (endMs > fromMs) break
        blocks.delete(endMs)
      }
    }
  }
}

interface Block {
  endMs: number
  /** All of it lies in the range; otherwise the part that does. */
  isWhole: boolean
  fromMs: number
  toMs: number
}

function fold(samples: readonly Sample[]): readonly Sample[] {
  const [first, ...others] = samples
  if (first === undefined || others.length === 0) return samples
  // Added as one, it would have one source.
  if (others.some(({ source }) => source !== first.source)) return samples
  const merger = new MetricsMerger()
  for (const sample of samples) merger.add(sample, 'last')
  return [asSample(merger.summary(first.windowStartMs, 0), first)]
}
