import { MetricsMerger, type MetricsSummary, packed, summaryOf } from '../metrics/metrics-summary.ts'
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

/** As a sample, to be added to others. */
export function asSample(summary: MetricsSummary, { deploymentKey, sequence, source }: Sample): Sample {
  const { atMs, windowMs: _length, coveredMs, sources, perSecond: _rates, ...metrics } = packed(summary)
  return {
    deploymentKey,
    sequence,
    windowStartMs: atMs,
    windowMs: coveredMs,
    ...metrics,
    source: sources[0] ?? source,
  }
}

/**
 * Trailing figures of one deployment: of all samples that end within so long before the end of a sample. Blocks (10 s,
 * aligned to the epoch) are folded once, and so are the whole ones of a range together. A figure depends on nothing but
 * the stored samples, since floats are always added in the same order: the samples before the first whole block, the
 * sum of the whole ones, the sum of the samples after them; all ascending.
 */
export class TrailingBlocks {
  readonly #kept: KeptSamples
  #blockMs = BLOCK_MS
  /** Whole blocks by their ends: one folded sample, or its own ones where they come from several sources. */
  readonly #folded = new Map<number, readonly Sample[]>()
  /** The newest block as far as it is folded. */
  #begun: { endMs: number; throughMs: number; parts: readonly Sample[] } | undefined
  /** The whole blocks of a range together, by its length. */
  readonly #middle = new Map<number, { fromMs: number; toMs: number; parts: readonly Sample[] }>()
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
      if (block.isWhole && this.#folded.has(block.endMs)) continue
      if (this.#samplesOf(this.#unfolded(block)) !== undefined) continue
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
    for (const part of this.#parts(sample, overMs)) {
      firstStartMs = Math.min(firstStartMs, part.windowStartMs)
      recordedMs += part.windowMs
      merger.add(part, 'last')
    }
    const coveredMs = recordedMs - Math.max(0, fromMs - firstStartMs)
    const figure = packed(merger.summary(fromMs, overMs, coveredMs, recordedMs))
    const isNewest = newest === undefined || newest.sample.sequence < sample.sequence
    if (isNewest) this.#newest.set(overMs, { sample, figure })
    this.#forget(sample, overMs)
    return figure
  }

  #parts(sample: Sample, overMs: number): readonly Sample[] {
    const parts: Sample[] = []
    const whole: Block[] = []
    let last: readonly Sample[] = []
    for (const block of this.#blocks(sample, overMs)) {
      if (block.isWhole) whole.push(block)
      else if (block.isBegun) last = this.#fromStart(block)
      else parts.push(...this.#require(block))
    }
    return [...parts, ...this.#together(overMs, whole), ...last]
  }

  #together(overMs: number, blocks: readonly Block[]): readonly Sample[] {
    const [first, ...others] = blocks
    if (first === undefined) return []
    const { fromMs } = first
    const { toMs } = others.at(-1) ?? first
    const known = this.#middle.get(overMs)
    if (known?.fromMs === fromMs && known.toMs === toMs) return known.parts
    const parts = fold(blocks.flatMap((block) => this.#whole(block)))
    this.#middle.set(overMs, { fromMs, toMs, parts })
    return parts
  }

  /** What of a block is not folded yet. */
  #unfolded(block: Block): Block {
    const begun = this.#begun
    const isKnown = (block.isWhole || block.isBegun) && begun?.endMs === block.endMs && begun.throughMs <= block.toMs
    return isKnown ? { ...block, fromMs: begun.throughMs } : block
  }

  /** A block from its start on. */
  #fromStart(block: Block): readonly Sample[] {
    const unfolded = this.#unfolded(block)
    const known = unfolded === block ? [] : (this.#begun?.parts ?? [])
    const more = this.#require(unfolded)
    const parts = more.length === 0 ? known : fold([...known, ...more])
    const { endMs, toMs: throughMs } = block
    if (this.#begun === undefined || this.#begun.throughMs <= throughMs) this.#begun = { endMs, throughMs, parts }
    return parts
  }

  *#blocks(sample: Sample, overMs: number): Generator<Block> {
    const toMs = endOf(sample)
    const fromMs = toMs - overMs
    const blockMs = sample.windowMs < SHORT_SAMPLE_MS ? SHORT_BLOCK_MS : BLOCK_MS
    if (blockMs !== this.#blockMs) {
      this.#folded.clear()
      this.#read.clear()
      this.#middle.clear()
      this.#begun = undefined
      this.#blockMs = blockMs
    }
    for (let endMs = (Math.floor(fromMs / blockMs) + 1) * blockMs; endMs - blockMs < toMs; endMs += blockMs) {
      // A range no longer than a block is added sample by sample also where it is one.
      const hasStart = overMs > blockMs && endMs - blockMs >= fromMs
      const isWhole = hasStart && endMs <= toMs
      yield {
        endMs,
        isWhole,
        isBegun: hasStart && !isWhole,
        fromMs: Math.max(fromMs, endMs - blockMs),
        toMs: Math.min(toMs, endMs),
      }
    }
  }

  #whole(block: Block): readonly Sample[] {
    const known = this.#folded.get(block.endMs)
    if (known !== undefined) return known
    const folded = this.#fromStart(block)
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
    if (fromMs >= toMs) return []
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
        this.#middle.delete(over)
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
  /** All of it lies in the range. */
  isWhole: boolean
  /** Its start lies in the range, and its end does not. */
  isBegun: boolean
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
