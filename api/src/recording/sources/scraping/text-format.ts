import { type Family, type FamilyType, MAX_EXPOSITION_FAMILIES, tooManyFamilies } from './exposition.ts'
import type { DraftFamily } from './draft-family.ts'
import { SLICE_CHARACTERS, type Slices } from './slices.ts'
import { unescaped } from './escapes.ts'
import { ExpositionScanner } from './scanner.ts'
import { withInferredTypes } from './inferred-types.ts'

const NEWLINE = 10
const HASH = 35
const SPACE = 32
const TAB = 9
const QUOTE = 34
const OPEN = 123

const METADATA = ['TYPE', 'HELP', 'UNIT']

const TYPES = new Map<string, FamilyType>([
  ...(['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown'] as const).map(
    (type): [string, FamilyType] => [type, type],
  ),
  ['untyped', 'unknown'],
])

/** What a type's samples are called besides the family itself, also in an OpenMetrics exposition. */
const SUFFIXES: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  summary: ['_sum', '_count', '_created'],
  info: ['_info'],
  stateset: [],
  unknown: [],
}
const GUESSED_SUFFIX = /_(total|bucket|sum|count)$/

/** The text format 0.0.4 of Prometheus, and whatever else is written almost like it. */
export class TextFormatReader {
  readonly #scanner: ExpositionScanner
  readonly #wanted: (familyName: string) => boolean
  readonly #timestampUnitMs: number
  readonly #declared = new Map<string, DraftFamily>()
  /** By the names that samples have. */
  readonly #bySample = new Map<string, DraftFamily>()
  /** The names and labels of the samples that were read. */
  readonly #series = new Set<string>()
  #family: DraftFamily | null = null

  /** @param timestampUnitMs 1 in the text format, 1000 in OpenMetrics that is read leniently */
  constructor(text: string, wanted: (familyName: string) => boolean, timestampUnitMs = 1) {
    this.#scanner = new ExpositionScanner(text, true)
    this.#wanted = wanted
    this.#timestampUnitMs = timestampUnitMs
  }

  get samples(): number {
    return this.#scanner.samples
  }

  /** Stops after each slice, to go on where it is. */
  *read(): Slices<Family[]> {
    const scanner = this.#scanner
    const end = scanner.text.length
    let sliceEnd = SLICE_CHARACTERS
    while (scanner.at < end) {
      if (scanner.at > sliceEnd) {
        yield
        sliceEnd = scanner.at + SLICE_CHARACTERS
      }
      scanner.skipBlanks()
      const code = scanner.code()
      if (code === NEWLINE) scanner.at += 1
      else if (code === HASH) this.#readComment()
      else if (scanner.at < end) this.#readSample()
    }
    return withInferredTypes([...this.#declared.values()])
      .filter(({ name }) => this.#wanted(name))
      .map(({ name, type, unit, help, samples }) => ({ name, type: type ?? 'unknown', unit, help, samples }))
  }

  #readSample(): void {
    const scanner = this.#scanner
    const start = scanner.at
    scanner.readName()
    if (!scanner.isSameName || this.#family === null) this.#family = this.#familyOf(scanner.name)
    const family = this.#family
    family.isWanted ??= this.#isWanted(family)
    if (!family.isWanted) {
      const code = scanner.code()
      if (code !== OPEN && code !== SPACE && code !== TAB) scanner.readRest()
      scanner.skipLine()
      return
    }
    scanner.readRest()
    const code = scanner.code()
    if (code === NEWLINE) scanner.at += 1
    else if (code === HASH || scanner.at >= scanner.text.length) scanner.skipLine()
    else scanner.fail(`${scanner.shown(scanner.at)} follows the timestamp`, 'a line ends with it')
    const { name, labels, value, timestamp } = scanner
    // As Prometheus does: of a series that is there twice, the first counts.
    const known = this.#series.size
    this.#series.add(scanner.text.slice(start, scanner.labelsEnd))
    if (this.#series.size === known) return
    const timestampMs = timestamp === null ? null : Math.round(timestamp * this.#timestampUnitMs)
    family.samples.push({ name, labels, value, timestampMs })
  }

  #isWanted({ name, type }: DraftFamily): boolean {
    if (this.#wanted(name)) return true
    if (type === 'counter' && name.endsWith('_total')) return this.#wanted(name.slice(0, -'_total'.length))
    return type === null && this.#wanted(name.replace(GUESSED_SUFFIX, ''))
  }

  #familyOf(sampleName: string): DraftFamily {
    return this.#bySample.get(sampleName) ?? this.#declare(sampleName)
  }

  #declare(name: string): DraftFamily {
    const known = this.#declared.get(name)
    if (known !== undefined) return known
    if (this.#declared.size === MAX_EXPOSITION_FAMILIES) {
      throw tooManyFamilies()
    }
    const family = { name, type: null, unit: null, help: null, samples: [], isWanted: null }
    this.#declared.set(name, family)
    this.#bySample.set(name, family)
    return family
  }

  #readComment(): void {
    const scanner = this.#scanner
    scanner.at += 1
    scanner.skipBlanks()
    const keyword = METADATA.find((word) => scanner.text.startsWith(word, scanner.at))
    scanner.at += keyword?.length ?? 0
    const code = scanner.code()
    // Anything else is a remark for people, also what begins like one of these.
    if (keyword === undefined || (code !== SPACE && code !== TAB)) {
      scanner.skipLine()
      return
    }
    scanner.skipBlanks()
    const name = scanner.code() === QUOTE ? scanner.quoted() : scanner.word()
    scanner.skipBlanks()
    const said = scanner.restOfLine().trimEnd()
    if (name === '' || (keyword === 'TYPE' && said === '')) return
    const family = this.#declare(name)
    if (keyword === 'HELP') family.help ??= unescaped(said)
    else if (keyword === 'UNIT') family.unit ??= said
    else this.#setType(family, TYPES.get(said.toLowerCase()) ?? 'unknown')
  }

  #setType(family: DraftFamily, type: FamilyType): void {
    // Where expositions were put together, what was said first holds.
    if (family.type !== null) return
    family.type = type
    family.isWanted = null
    this.#family = null
    this.#bySample.set(family.name, family)
    for (const suffix of SUFFIXES[type]) {
      const name = family.name + suffix
      if (!this.#declared.has(name)) this.#bySample.set(name, family)
    }
  }
}
