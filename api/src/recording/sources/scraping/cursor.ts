import { ExpositionError } from './exposition.ts'

const TAB = 9
const NEWLINE = 10
const RETURN = 13
const SPACE = 32
const PLUS = 43
const MINUS = 45
const DOT = 46
const ZERO = 48
const NINE = 57
const LOWER_E = 101
const TO_LOWER_CASE = 32

/** All are doubles exactly, so one operation on two exact numbers rounds once, as reading all digits would. */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_none, power) => 10 ** power)
const SPECIAL_NUMBERS = new Map([
  ['nan', Number.NaN],
  ...['inf', 'infinity'].flatMap((name): [string, number][] => [
    [name, Number.POSITIVE_INFINITY],
    [`+${name}`, Number.POSITIVE_INFINITY],
    [`-${name}`, Number.NEGATIVE_INFINITY],
  ]),
])
const LONGEST_SPECIAL = '+infinity'.length
const MAX_SHOWN_CHARACTERS = 40

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE

/** A position in the text of an exposition, and what is read without knowing what it is for. */
export class Cursor {
  readonly text: string
  /** Whether blanks may stand wherever they do no harm, as in the text format. */
  readonly isLenient: boolean
  at = 0

  constructor(text: string, isLenient: boolean) {
    this.text = text
    this.isLenient = isLenient
  }

  /** The character at a position; NaN at the end. */
  code(at = this.at): number {
    return this.text.charCodeAt(at)
  }

  /** Whether what is written there stands here too. */
  isWritten(there: number, length: number): boolean {
    const { text, at } = this
    // From its end: labels differ in their last characters.
    for (let offset = length - 1; offset >= 0; offset -= 1) {
      if (text.charCodeAt(at + offset) !== text.charCodeAt(there + offset)) return false
    }
    return true
  }

  skipBlanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== SPACE && code !== TAB && code !== RETURN) return
      this.at += 1
    }
  }

  /** What stands between two parts of a line: one space, leniently any blanks. */
  separator(before: string): void {
    const code = this.code()
    if (code !== SPACE && !(this.isLenient && code === TAB)) {
      this.fail(`${before} is missing`, `${before} follows after a space`)
    }
    this.at += 1
    if (this.isLenient) this.skipBlanks()
  }

  /** Behind the newline that ends this line, or at the end of the text. */
  skipLine(): void {
    const end = this.text.indexOf('\n', this.at)
    this.at = end === -1 ? this.text.length : end + 1
  }

  /** What stands before the next blank or the end of the line. */
  word(): string {
    const start = this.at
    while (!this.#isEnd(this.code())) this.at += 1
    return this.text.slice(start, this.at)
  }

  restOfLine(): string {
    const start = this.at
    this.skipLine()
    return this.text.slice(start, this.text.charCodeAt(this.at - 1) === NEWLINE ? this.at - 1 : this.at)
  }

  /**
   * A decimal number.
   *
   * @param mayBeSpecial whether it may be infinite or not a number
   */
  number(mayBeSpecial: boolean): number {
    const { text } = this
    const start = this.at
    let end = start
    let code = text.charCodeAt(end)
    const isNegative = code === MINUS
    if (isNegative || code === PLUS) code = text.charCodeAt(++end)
    let mantissa = 0
    let digits = 0
    let fraction = 0
    while (isDigit(code)) {
      mantissa = mantissa * 10 + (code - ZERO)
      digits += 1
      code = text.charCodeAt(++end)
    }
    if (code === DOT) {
      code = text.charCodeAt(++end)
      while (isDigit(code)) {
        mantissa = mantissa * 10 + (code - ZERO)
        digits += 1
        fraction += 1
        code = text.charCodeAt(++end)
      }
    }
    if (digits === 0) return this.#special(start, mayBeSpecial)
    let exponent = 0
    if ((code | TO_LOWER_CASE) === LOWER_E) {
      code = text.charCodeAt(++end)
      const isSmall = code === MINUS
      if (isSmall || code === PLUS) code = text.charCodeAt(++end)
      if (!isDigit(code)) this.#noNumber(start, mayBeSpecial)
      while (isDigit(code)) {
        exponent = exponent * 10 + (code - ZERO)
        code = text.charCodeAt(++end)
      }
      if (isSmall) exponent = -exponent
    }
    if (!this.#isEnd(code)) this.#noNumber(start, mayBeSpecial)
    this.at = end
    const scale = exponent - fraction
    const power = POWERS_OF_TEN[Math.abs(scale)]
    if (mantissa > Number.MAX_SAFE_INTEGER || power === undefined) return Number(text.slice(start, end))
    const value = scale < 0 ? mantissa / power : mantissa * power
    return isNegative ? -value : value
  }

  #isEnd(code: number): boolean {
    return (
      code === SPACE || code === NEWLINE || Number.isNaN(code) || (this.isLenient && (code === TAB || code === RETURN))
    )
  }

  #special(start: number, mayBeSpecial: boolean): number {
    let end = start
    while (end - start <= LONGEST_SPECIAL && !this.#isEnd(this.code(end))) end += 1
    const value = mayBeSpecial ? SPECIAL_NUMBERS.get(this.text.slice(start, end).toLowerCase()) : undefined
    if (value === undefined) this.#noNumber(start, mayBeSpecial)
    this.at = end
    return value
  }

  #noNumber(start: number, mayBeSpecial: boolean): never {
    return mayBeSpecial
      ? this.fail(`${this.shown(start)} is no number`, 'a value is like 1, 2.5e3, +Inf or NaN')
      : this.fail(`${this.shown(start)} is no time`, 'a timestamp is a number like 1700000000')
  }

  /** A few characters of the line from a position on, for an error. */
  shown(start: number): string {
    const end = this.text.indexOf('\n', start)
    const length = (end === -1 ? this.text.length : end) - start
    if (length <= 0) return 'the end of the line'
    const cut = length > MAX_SHOWN_CHARACTERS
    return JSON.stringify(this.text.slice(start, start + (cut ? MAX_SHOWN_CHARACTERS : length)) + (cut ? '…' : ''))
  }

  /** The number of the line of a position. It is counted only for errors. */
  line(position = this.at): number {
    let line = 1
    for (let at = this.text.indexOf('\n'); at !== -1 && at < position; at = this.text.indexOf('\n', at + 1)) line += 1
    return line
  }

  /** @throws ExpositionError */
  fail(wrong: string, right: string, position = this.at): never {
    throw new ExpositionError(`Line ${this.line(position)}: ${wrong}; ${right}.`)
  }
}
