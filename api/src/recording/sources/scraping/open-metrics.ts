import {
  ExpositionError,
  type ExpositionSample,
  ExpositionTruncatedError,
  type Family,
  type FamilyType,
  MAX_EXPOSITION_FAMILIES,
  tooManyFamilies,
} from './exposition.ts'
import { SLICE_CHARACTERS, type Slices } from './slices.ts'
import { unescaped } from './escapes.ts'
import { readExemplar } from './exemplar.ts'
import { OpenMetricsPoints } from './open-metrics-points.ts'
import { ExpositionScanner } from './scanner.ts'

const NEWLINE = 10
const SPACE = 32
const QUOTE = 34
const HASH = 35
const OPEN = 123

/** What a type's samples are called, after the name of their family. */
const SUFFIXES: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['', '_count', '_sum', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
}
const EOF = '# EOF'
const METADATA = ['TYPE', 'HELP', 'UNIT'] as const

interface OpenFamily {
  name: string
  /** Null until a TYPE line or a sample says it. */
  type: FamilyType | null
  unit: string | null
  help: string | null
  samples: ExpositionSample[]
  isWanted: boolean
  hasSamples: boolean
}

/**
 * OpenMetrics 1.0, strictly: what it forbids is an error, so that an exposition that is cut short, put together wrongly or
 * of another format is never read as figures. See https://prometheus.io/docs/specs/om/open_metrics_spec/.
 */
export class OpenMetricsReader {
  readonly #scanner: ExpositionScanner
  readonly #wanted: (familyName: string) => boolean
  readonly #points: OpenMetricsPoints
  readonly #families: Family[] = []
  /** The names of all families so far, and those that their samples may have. */
  readonly #taken = new Set<string>()
  #opened = 0
  #family: OpenFamily | null = null
  /** Of the sample that was read last. */
  #suffix = ''

  constructor(text: string, wanted: (familyName: string) => boolean) {
    this.#scanner = new ExpositionScanner(text, false)
    this.#wanted = wanted
    this.#points = new OpenMetricsPoints(this.#scanner)
  }

  get samples(): number {
    return this.#scanner.samples
  }

  /** Stops after each slice, to go on where it is. */
  *read(): Slices<Family[]> {
    const scanner = this.#scanner
    const end = endOf(scanner.text)
    let sliceEnd = SLICE_CHARACTERS
    while (scanner.at < end) {
      if (scanner.at > sliceEnd) {
        yield
        sliceEnd = scanner.at + SLICE_CHARACTERS
      }
      if (scanner.code() === HASH) this.#readMetadata()
      else this.#readSample()
    }
    this.#closeFamily()
    return this.#families
  }

  #readMetadata(): void {
    const scanner: ExpositionScanner = this.#scanner
    const keyword = METADATA.find((word) => scanner.text.startsWith(`# ${word} `, scanner.at))
    if (keyword === undefined) {
      scanner.fail(
        `${scanner.shown(scanner.at)} is no line of OpenMetrics`,
        'after # follow TYPE, HELP or UNIT, and at the end EOF',
      )
    }
    scanner.at += keyword.length + '#  '.length
    const name = scanner.code() === QUOTE ? scanner.quoted() : scanner.plainName()
    if (scanner.code() !== SPACE)
      scanner.fail(`${keyword} says nothing of ${name}`, `write # ${keyword} ${name} and what it is`)
    scanner.at += 1
    let family = this.#family
    if (family === null || family.name !== name) family = this.#openFamily(name)
    if (family.hasSamples)
      scanner.fail(`${keyword} of ${name} comes after its samples`, 'it stands before the first of them')
    if (keyword === 'TYPE') this.#setType(family)
    else if (keyword === 'HELP') {
      if (family.help !== null) scanner.fail(`${name} has a second HELP`, 'one is enough')
      family.help = unescaped(scanner.restOfLine())
    } else {
      if (family.unit !== null) scanner.fail(`${name} has a second UNIT`, 'one is enough')
      const start = scanner.at
      family.unit = scanner.restOfLine()
      this.#checkUnit(family, start)
    }
  }

  #setType(family: OpenFamily): void {
    const scanner: ExpositionScanner = this.#scanner
    const { name } = family
    if (family.type !== null) scanner.fail(`${name} has a second TYPE`, 'one is enough')
    const start = scanner.at
    const written = scanner.restOfLine()
    if (!isType(written)) {
      scanner.fail(`${scanner.shown(start)} is no type`, `it is one of ${Object.keys(SUFFIXES).join(', ')}`, start)
    }
    family.type = written
    this.#checkUnit(family, start)
    this.#take(family, start)
  }

  #checkUnit({ name, type, unit }: OpenFamily, at: number): void {
    if (unit === null || unit === '') return
    const scanner = this.#scanner
    if (!name.endsWith(`_${unit}`)) {
      scanner.fail(`the unit of ${name} is not the end of its name`, 'its name ends in _ and its unit', at)
    }
    if (type === 'info' || type === 'stateset') {
      scanner.fail(`${name} has a unit`, `metrics of the type ${type} have none`, at)
    }
  }

  #openFamily(name: string): OpenFamily {
    this.#closeFamily()
    if (this.#taken.has(name)) {
      this.#scanner.fail(`${name} was there before`, 'all lines of a metric stand together, and no other has its name')
    }
    if (++this.#opened > MAX_EXPOSITION_FAMILIES) throw tooManyFamilies()
    this.#taken.add(name)
    this.#family = {
      name,
      type: null,
      unit: null,
      help: null,
      samples: [],
      isWanted: this.#wanted(name),
      hasSamples: false,
    }
    return this.#family
  }

  /** Takes the names that its samples may have. */
  #take({ name, type }: OpenFamily, at: number): void {
    for (const suffix of SUFFIXES[type ?? 'unknown']) {
      if (suffix === '') continue
      if (this.#taken.has(name + suffix)) {
        this.#scanner.fail(`${name + suffix} was there before`, `samples of ${name} have this name`, at)
      }
      this.#taken.add(name + suffix)
    }
  }

  #closeFamily(): void {
    const family = this.#family
    if (family === null) return
    if (family.hasSamples && family.isWanted) this.#points.endFamily()
    this.#family = null
    const { name, type, unit, help, samples } = family
    if (family.isWanted) this.#families.push({ name, type: type ?? 'unknown', unit, help, samples })
  }

  #readSample(): void {
    const scanner = this.#scanner
    scanner.readName()
    let family = this.#family
    if (family === null || !family.hasSamples || !scanner.isSameName) family = this.#familyOf(scanner.name)
    if (!family.isWanted) {
      if (scanner.code() !== SPACE && scanner.code() !== OPEN) scanner.readRest()
      scanner.skipLine()
      return
    }
    scanner.readRest()
    if (scanner.code() === SPACE) readExemplar(scanner, family.type ?? 'unknown', this.#suffix)
    if (scanner.code() !== NEWLINE)
      scanner.fail(`${scanner.shown(scanner.at)} follows the value`, 'a line ends with it')
    const samples = family.samples
    // Of several points of a series, the newest counts: it is the last.
    const kept = this.#points.add(samples.length)
    if (kept < samples.length) samples.length = kept
    scanner.at += 1
    const { name, labels, value, timestamp } = scanner
    samples.push({ name, labels, value, timestampMs: timestamp === null ? null : Math.round(timestamp * 1000) })
  }

  #familyOf(sampleName: string): OpenFamily {
    let family = this.#family
    const suffixes = SUFFIXES[family?.type ?? 'unknown']
    let suffix = family === null ? undefined : suffixes.find((each) => sampleName === family?.name + each)
    if (family === null || suffix === undefined) {
      if (family?.name === sampleName) {
        const allowed = suffixes.map((each) => sampleName + each).join(', ')
        this.#scanner.fail(`${sampleName} is no sample of the type ${family.type}`, `its samples are ${allowed}`)
      }
      family = this.#openFamily(sampleName)
      suffix = ''
    }
    this.#suffix = suffix
    const { isWanted, name, type } = family
    if (isWanted && !family.hasSamples) this.#points.beginFamily(name, type ?? 'unknown')
    if (isWanted) this.#points.beginName(suffix)
    family.hasSamples = true
    return family
  }
}

function isType(text: string): text is FamilyType {
  return Object.hasOwn(SUFFIXES, text)
}

/** Where the last line begins, which is `# EOF`. */
function endOf(text: string): number {
  const start = text.length - EOF.length - (text.endsWith('\n') ? 1 : 0)
  if (start >= 0 && text.startsWith(EOF, start) && (start === 0 || text.charCodeAt(start - 1) === NEWLINE)) return start
  const early = text.startsWith(`${EOF}\n`) ? 0 : text.indexOf(`\n${EOF}\n`)
  if (early !== -1) throw new ExpositionError('Something follows the line # EOF; it is the last line.')
  throw new ExpositionTruncatedError('The last line is not # EOF: the exposition is cut short.')
}
