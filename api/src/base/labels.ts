import { RefusedError } from './errors.ts'
import type { InputChecks } from './input-checks.ts'
import { MAX_LABEL_LENGTH, MAX_LABELS } from './limits.ts'

/** What a caller marks an object with, to find it by. An object has at most one label of each key. */
export interface Label {
  key: string
  value: string
}

/** Without `=`, which separates the key from the value where labels are stored. */
const KEY = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,${MAX_LABEL_LENGTH - 1}}$`)

const KEY_RULE = `must have 1 to ${MAX_LABEL_LENGTH} characters: letters, digits, ".", "_", "-" or "/", beginning with a letter or digit.`
const COUNT_RULE = `must have at most ${MAX_LABELS} labels`

/** Labels as they are stored: each `key=value`, sorted. */
export function labelTexts(labels: readonly Label[]): string[] {
  return labels.map(({ key, value }) => `${key}=${value}`).toSorted()
}

export function labelsOf(texts: readonly string[]): Label[] {
  return texts.map((text) => {
    const end = text.indexOf('=')
    return { key: text.slice(0, end), value: text.slice(end + 1) }
  })
}

export function checkLabels(checks: InputChecks, labels: readonly Label[] | null | undefined): void {
  if (labels == null) return
  if (labels.length > MAX_LABELS) return checks.add(['labels'], `${COUNT_RULE}, not ${labels.length}.`)
  const keys = new Set<string>()
  for (const [index, { key, value }] of labels.entries()) {
    const path = ['labels', String(index)]
    if (!KEY.test(key)) checks.add([...path, 'key'], KEY_RULE)
    else if (keys.has(key)) checks.add([...path, 'key'], `must be different from the other keys, not "${key}" again.`)
    keys.add(key)
    checks.text([...path, 'value'], value, { max: MAX_LABEL_LENGTH })
  }
}

/**
 * The labels that a filter asks for, as they are stored.
 * @throws RefusedError BAD_USER_INPUT
 */
export function wantedLabels(labels: readonly Label[]): string[] {
  const refuse = (problem: string) => new RefusedError('BAD_USER_INPUT', problem)
  if (labels.length > MAX_LABELS) throw refuse(`labels ${COUNT_RULE}, not ${labels.length}.`)
  if (!labels.every(({ key }) => KEY.test(key))) throw refuse(`The key of a label ${KEY_RULE}`)
  return labelTexts(labels)
}
