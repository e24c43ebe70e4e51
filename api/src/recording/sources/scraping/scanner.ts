import { Cursor } from './cursor.ts'
import { ExpositionTooLargeError, MAX_EXPOSITION_SAMPLES, MAX_SAMPLE_LABELS } from './exposition.ts'
import { isLabelCharacter, isLabelStart, isNameCharacter, isNameStart } from './name-characters.ts'
import { unescaped } from './escapes.ts'

const NEWLINE = 10
const SPACE = 32
const QUOTE = 34
const HASH = 35
const COMMA = 44
const EQUALS = 61
const BACKSLASH = 92
const OPEN = 123
const CLOSE = 125

/** Labels that inherit nothing, and yet have a hidden class, which objects of `Object.create(null)` have not. */
const Labels = function labels() {} as unknown as new () => Record<string, string>
Labels.prototype = Object.create(null) as object

/**
 * Reads the lines of an exposition, from one end to the other, each character about once. What the line before had in the
 * same place (its name, the names and values of its labels) is compared in place and taken over: no string is made for it.
 */
export class ExpositionScanner extends Cursor {
  /** Samples so far, also those that were skipped. */
  samples = 0

  // Of the sample that was read last.
  name = ''
  isSameName = false
  /** Whether its labels have the same names as those of the sample before, in the same order. */
  hasSameLabelNames = false
  labelCount = 0
  readonly labelNames: string[] = []
  readonly labelValues: string[] = []
  labels: Readonly<Record<string, string>> = new Labels()
  value = 0
  /** In the unit of the format. */
  timestamp: number | null = null
  /** Where its labels are written, without braces. */
  labelsStart = 0
  labelsEnd = 0

  #nameAt = 0
  #nameLength = -1
  #isNameInBraces = false
  /** Names and values as they are written: where they begin, and how long they are. */
  readonly #rawAt: number[] = []
  readonly #rawLength: number[] = []
  readonly #names = new Map<string, string>()

  /** The name of a sample, which may also be quoted in the braces of its labels. */
  readName(): void {
    if (++this.samples > MAX_EXPOSITION_SAMPLES) {
      throw new ExpositionTooLargeError(
        `It has more than ${MAX_EXPOSITION_SAMPLES} samples, which is the most that is read.`,
      )
    }
    const start = this.at
    if (this.text.charCodeAt(start) === OPEN) {
      this.#readQuotedName()
      return
    }
    this.#isNameInBraces = false
    const after = start + this.#nameLength
    if (this.#nameLength > 0 && this.isWritten(this.#nameAt, this.#nameLength) && !isNameCharacter(this.code(after))) {
      this.at = after
      this.isSameName = true
      return
    }
    this.#nameAt = start
    this.name = this.plainName()
    this.#nameLength = this.at - start
    this.isSameName = false
  }

  #readQuotedName(): void {
    this.at += 1
    this.skipBlanks()
    if (this.code() !== QUOTE)
      this.fail('a name is missing before {', 'write it like a{b="c"} 1, or quoted like {"a",b="c"} 1')
    const name = this.quoted()
    this.skipBlanks()
    if (this.code() === COMMA) this.at += 1
    else if (this.code() !== CLOSE) this.fail('a comma is missing after the quoted name', 'write it like {"a",b="c"} 1')
    this.isSameName = name === this.name
    this.name = name
    this.#nameLength = -1
    this.#isNameInBraces = true
  }

  /** A name that is not quoted; the same string for the same name. */
  plainName(): string {
    const start = this.at
    if (!isNameStart(this.code(start)))
      this.fail(`${this.shown(start)} is no name`, 'names begin with a letter, _ or :')
    let end = start + 1
    while (isNameCharacter(this.code(end))) end += 1
    this.at = end
    return this.#interned(this.text.slice(start, end))
  }

  #interned(text: string): string {
    const known = this.#names.get(text)
    if (known !== undefined) return known
    this.#names.set(text, text)
    return text
  }

  /** After the name: labels, value, timestamp. Stops before what is left of the line. */
  readRest(): void {
    const start = this.at
    if (this.isLenient) this.skipBlanks()
    if (this.#isNameInBraces) this.#readLabels()
    else if (this.code() === OPEN) {
      this.at += 1
      this.#readLabels()
    } else {
      this.at = start
      this.#noLabels()
    }
    this.separator('the value')
    this.value = this.number(true)
    this.timestamp = null
    if (this.isLenient) this.skipBlanks()
    else if (this.code() !== SPACE || this.code(this.at + 1) === HASH) return
    else this.at += 1
    const next = this.code()
    if (this.isLenient && (next === NEWLINE || next === HASH || this.at >= this.text.length)) return
    this.timestamp = this.number(false)
    if (this.isLenient) this.skipBlanks()
  }

  #noLabels(): void {
    this.hasSameLabelNames = this.labelCount === 0
    if (this.labelCount !== 0) this.labels = new Labels()
    this.labelCount = 0
    this.labelsStart = this.at
    this.labelsEnd = this.at
  }

  #readLabels(): void {
    let count = 0
    let isSame = true
    let hasSameNames = true
    const before = this.labelCount
    this.labelsStart = this.at
    for (;;) {
      if (this.isLenient) this.skipBlanks()
      if (this.code() === CLOSE && (count === 0 || this.isLenient)) break
      if (count === MAX_SAMPLE_LABELS) {
        throw new ExpositionTooLargeError(
          `Line ${this.line()}: a sample has more than ${MAX_SAMPLE_LABELS} labels, which is the most that is read.`,
        )
      }
      if (!this.#readLabelName(count, before)) {
        hasSameNames = false
        isSame = false
      }
      if (!this.#readLabelValue(count, before)) isSame = false
      count += 1
      if (this.isLenient) this.skipBlanks()
      const next = this.code()
      if (next === CLOSE) break
      if (next !== COMMA)
        this.fail(`${this.shown(this.at)} follows a label`, 'labels are separated by commas and end with }')
      this.at += 1
    }
    this.labelsEnd = this.at
    this.at += 1
    this.hasSameLabelNames = hasSameNames && count === before
    this.labelCount = count
    if (!isSame || count !== before) this.#build()
  }

  /** Whether it is that of the line before in the same place. */
  #readLabelName(index: number, before: number): boolean {
    const slot = index * 2
    const length = this.#rawLength[slot] ?? 0
    if (index < before && this.isWritten(this.#rawAt[slot] ?? 0, length)) {
      const after = this.at + length
      if (this.code(after) === EQUALS || (this.isLenient && !isLabelCharacter(this.code(after)))) {
        this.at = after
        this.#equals()
        return true
      }
    }
    this.#rawAt[slot] = this.at
    const name = this.labelName()
    this.#rawLength[slot] = this.at - (this.#rawAt[slot] ?? 0)
    const isSame = index < before && this.labelNames[index] === name
    this.labelNames[index] = name
    this.#equals()
    return isSame
  }

  labelName(): string {
    if (this.code() === QUOTE) return this.#interned(this.quoted())
    const start = this.at
    if (!isLabelStart(this.code(start)))
      this.fail(`${this.shown(start)} is no name of a label`, 'they begin with a letter or _')
    let end = start + 1
    while (isLabelCharacter(this.code(end))) end += 1
    this.at = end
    return this.#interned(this.text.slice(start, end))
  }

  #equals(): void {
    if (this.isLenient) this.skipBlanks()
    if (this.code() !== EQUALS) this.fail('a label has no value', 'write it like name="value"')
    this.at += 1
    if (this.isLenient) this.skipBlanks()
  }

  /** Whether it is that of the line before in the same place. */
  #readLabelValue(index: number, before: number): boolean {
    const slot = index * 2 + 1
    const length = this.#rawLength[slot] ?? 0
    // With its quotes: so it ends where that one ended.
    if (index < before && this.isWritten(this.#rawAt[slot] ?? 0, length)) {
      this.at += length
      return true
    }
    this.#rawAt[slot] = this.at
    this.labelValues[index] = this.quoted()
    this.#rawLength[slot] = this.at - (this.#rawAt[slot] ?? 0)
    return false
  }

  /** The value of a label as it is written, in its quotes. */
  rawValue(index: number): string {
    const at = this.#rawAt[index * 2 + 1] ?? 0
    return this.text.slice(at, at + (this.#rawLength[index * 2 + 1] ?? 0))
  }

  labelValue(): string {
    this.#equals()
    return this.quoted()
  }

  #build(): void {
    const labels = new Labels()
    for (let index = 0; index < this.labelCount; index += 1) {
      const name = this.labelNames[index] ?? ''
      if (!this.hasSameLabelNames && labels[name] !== undefined)
        this.fail(`the label ${name} appears twice`, 'name it once')
      labels[name] = this.labelValues[index] ?? ''
    }
    this.labels = labels
  }

  /** A quoted string, without its escapes. */
  quoted(): string {
    const { text } = this
    if (this.code() !== QUOTE)
      this.fail(`${this.shown(this.at)} is not quoted`, 'values of labels stand in double quotes')
    const start = this.at + 1
    let end = start
    let isEscaped = false
    for (;;) {
      const code = text.charCodeAt(end)
      if (code === QUOTE) break
      if (code === BACKSLASH) {
        isEscaped = true
        end += 1
      } else if (code === NEWLINE || !(end < text.length)) this.fail('a quoted text does not end', 'close it with "')
      end += 1
    }
    this.at = end + 1
    return isEscaped ? unescaped(text.slice(start, end)) : text.slice(start, end)
  }
}
