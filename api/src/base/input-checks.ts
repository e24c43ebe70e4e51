import { InvalidInputError, type InputIssue } from './errors.ts'

/** Collects the problems of an input, so that the caller learns of all of them at once. */
export class InputChecks {
  readonly #issues: InputIssue[] = []

  add(path: string[], message: string): void {
    this.#issues.push({ path, message })
  }

  /**
   * Checks text that people read, of any number of lines: well-formed Unicode without control characters, at most `max`
   * characters. For names see `checkName`.
   */
  text(path: string[], value: string | null | undefined, { max }: { max: number }): void {
    if (value == null) return
    const { length } = Array.from(value)
    if (!value.isWellFormed()) this.add(path, 'must be well-formed Unicode; it contains half of a surrogate pair.')
    // oxlint-disable-next-line no-control-regex
    else if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value)) {
      this.add(path, 'must not contain control characters.')
    } else if (/[\u202a-\u202e\u2066-\u2069]/.test(value)) {
      // They could make a text look like another one.
      this.add(path, 'must not contain characters that change the direction of text.')
    } else if (length > max) this.add(path, `must have at most ${max} characters, not ${length}.`)
  }

  number(path: string[], value: number | null | undefined, { min, max }: { min: number; max: number }): void {
    if (value == null) return
    if (!Number.isFinite(value) || value < min || value > max) {
      this.add(path, `must be from ${min} to ${max}, not ${value}.`)
    }
  }

  /** @throws InvalidInputError when there was any problem */
  done(): void {
    if (this.#issues.length > 0) throw new InvalidInputError(this.#issues)
  }
}
