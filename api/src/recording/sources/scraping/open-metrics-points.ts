import type { FamilyType } from './exposition.ts'
import { DECIMAL, HistogramPoint } from './histogram-point.ts'
import type { ExpositionScanner } from './scanner.ts'

const SUFFIXES = ['', '_total', '_created', '_count', '_sum', '_bucket', '_gcount', '_gsum', '_info']

/** The label that tells the samples of one point apart; the others are those of the point. */
const PART_LABELS = new Map([
  ['histogram_bucket', 'le'],
  ['gaugehistogram_bucket', 'le'],
  ['summary', 'quantile'],
])

/**
 * What OpenMetrics says of the samples of one metric: those with the same labels stand together (a group), their
 * timestamps do not go back, values suit the type, and the buckets of a histogram agree with its count and sum.
 */
export class OpenMetricsPoints {
  readonly #scanner: ExpositionScanner
  readonly #groups = new Set<string>()
  readonly #histogram: HistogramPoint
  #familyName = ''
  #type: FamilyType = 'unknown'
  #suffix = ''
  #partLabel: string | null = null
  #isHistogram = false
  #suffixBit = 0
  /** Whether it may not fall below 0, nor be unknown. */
  #isCount = false
  #areNamesSorted = true
  #lastKey = ''

  // The group of the last sample.
  readonly #groupNames: string[] = []
  readonly #groupValues: string[] = []
  /** -1: there is none yet. */
  #groupSize = -1
  #timestamp: number | null = null
  /** How many samples the family had before the last point. */
  #before = 0
  /** The suffixes of the last point, as bits. */
  #suffixes = 0
  /** Its quantiles or states. */
  readonly #parts = new Set<string>()

  constructor(scanner: ExpositionScanner) {
    this.#scanner = scanner
    this.#histogram = new HistogramPoint(scanner)
  }

  beginFamily(name: string, type: FamilyType): void {
    this.#familyName = name
    this.#type = type
    this.#isHistogram = type === 'histogram' || type === 'gaugehistogram'
    this.#groups.clear()
    this.#groupSize = -1
  }

  /** Another sample name begins. */
  beginName(suffix: string): void {
    this.#suffix = suffix
    this.#suffixBit = 1 << SUFFIXES.indexOf(suffix)
    this.#isCount = suffix !== '' && suffix !== '_created' && suffix !== '_info' && suffix !== '_gsum'
    this.#partLabel = this.#type === 'stateset' ? this.#familyName : (PART_LABELS.get(this.#type + suffix) ?? null)
  }

  /**
   * Checks the sample that was just read.
   *
   * @param count the samples of its family before it
   * @returns how many of those still count: not those of an older point of the same series
   */
  add(count: number): number {
    const { timestamp } = this.#scanner
    if (!this.#scanner.hasSameLabelNames) this.#areNamesSorted = this.#hasSortedNames()
    this.#checkValue()
    let kept = count
    if (!this.#isOfGroup()) {
      this.endFamily()
      this.#beginGroup()
      this.#beginPoint(count)
    } else if ((timestamp === null) !== (this.#timestamp === null)) {
      this.#scanner.fail(
        'a sample with a timestamp stands beside one without',
        'those with equal labels all have one, or none',
      )
    } else if (timestamp !== null && this.#timestamp !== null && timestamp < this.#timestamp) {
      this.#scanner.fail('a timestamp goes back', 'samples with equal labels are in the order of time')
    } else if (timestamp !== this.#timestamp || this.#isRepeated()) {
      if (timestamp === null) this.#scanner.fail('a series appears twice', 'all samples differ in name or labels')
      this.endFamily()
      kept = this.#before
      this.#beginPoint(kept)
    }
    this.#addToPoint()
    return kept
  }

  /** Checks what a point must have once it is complete. */
  endFamily(): void {
    if (this.#groupSize !== -1 && this.#isHistogram) this.#histogram.end(this.#type === 'gaugehistogram')
  }

  #beginPoint(before: number): void {
    this.#before = before
    this.#timestamp = this.#scanner.timestamp
    this.#suffixes = 0
    if (this.#parts.size > 0) this.#parts.clear()
    if (this.#isHistogram) this.#histogram.begin()
  }

  #isRepeated(): boolean {
    if (this.#partLabel === 'le') return false
    if (this.#partLabel === null) return (this.#suffixes & this.#suffixBit) !== 0
    return this.#parts.has(this.#scanner.labels[this.#partLabel] ?? '')
  }

  #addToPoint(): void {
    const { labels, value } = this.#scanner
    if (this.#isHistogram) this.#histogram.add(this.#suffix, labels['le'], value)
    if (this.#partLabel === null) this.#suffixes |= this.#suffixBit
    else if (this.#partLabel !== 'le') this.#parts.add(labels[this.#partLabel] ?? '')
  }

  #checkValue(): void {
    const { labels, value } = this.#scanner
    const type = this.#type
    if (this.#isCount && !(value >= 0)) {
      this.#scanner.fail(`${this.#scanner.name} is ${value}`, 'what counts is 0 or more')
    }
    if (type === 'info' && value !== 1) this.#scanner.fail(`an info is ${value}`, 'it is 1')
    if (type === 'stateset') {
      if (value !== 0 && value !== 1) this.#scanner.fail(`a state is ${value}`, 'it is 0 or 1')
      if (labels[this.#familyName] === undefined) {
        this.#scanner.fail('a state has no name', `it is in the label ${this.#familyName}`)
      }
    }
    if (this.#partLabel === 'quantile' && type === 'summary') {
      const quantile = labels['quantile'] ?? ''
      if (!DECIMAL.test(quantile) || !(Number(quantile) >= 0 && Number(quantile) <= 1)) {
        this.#scanner.fail('a sample of a summary has no quantile', 'its label quantile is a number from 0 to 1')
      }
      if (value < 0) this.#scanner.fail(`a quantile is ${value}`, 'summaries are of values of 0 or more')
    }
  }

  #isOfGroup(): boolean {
    const { labelCount, labelNames, labelValues } = this.#scanner
    const part = this.#partLabel
    let size = 0
    for (let index = 0; index < labelCount; index += 1) {
      const name = labelNames[index]
      if (name === part) continue
      if (this.#groupNames[size] !== name || this.#groupValues[size] !== labelValues[index]) return this.#isReordered()
      size += 1
    }
    return size === this.#groupSize
  }

  /** Whether the labels are those of the group in another order. */
  #isReordered(): boolean {
    return !this.#areNamesSorted && this.#groupSize > 1 && this.#groupKey() === this.#lastKey
  }

  #beginGroup(): void {
    const { labelCount, labelNames, labelValues } = this.#scanner
    const key = this.#groupKey()
    const known = this.#groups.size
    this.#groups.add(key)
    if (this.#groups.size === known) {
      this.#scanner.fail(
        `samples of ${this.#familyName} with equal labels are apart`,
        'all samples of a metric with the same labels stand together',
      )
    }
    this.#lastKey = key
    let size = 0
    for (let index = 0; index < labelCount; index += 1) {
      if (labelNames[index] === this.#partLabel) continue
      this.#groupNames[size] = labelNames[index] ?? ''
      this.#groupValues[size] = labelValues[index] ?? ''
      size += 1
    }
    this.#groupSize = size
  }

  /** The same for the same labels in any order. */
  #groupKey(): string {
    const scanner = this.#scanner
    const { labelCount, labelNames, labelsStart, labelsEnd, text } = scanner
    if (this.#partLabel === null && this.#areNamesSorted) return text.slice(labelsStart, labelsEnd)
    const indexes = Array.from({ length: labelCount }, (_none, index) => index)
    if (!this.#areNamesSorted) indexes.sort((a, b) => ((labelNames[a] ?? '') < (labelNames[b] ?? '') ? -1 : 1))
    let key = ''
    for (const index of indexes) {
      const name = labelNames[index] ?? ''
      if (name !== this.#partLabel) key += `${key === '' ? '' : ','}${name}=${scanner.rawValue(index)}`
    }
    return key
  }

  #hasSortedNames(): boolean {
    const { labelCount, labelNames } = this.#scanner
    for (let index = 1; index < labelCount; index += 1) {
      if ((labelNames[index - 1] ?? '') > (labelNames[index] ?? '')) return false
    }
    return true
  }
}
