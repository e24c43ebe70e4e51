import type { Label } from '../base/labels.ts'
import { MAX_LABEL_LENGTH, MAX_LABELS } from '../base/limits.ts'
import { builder } from './builder.ts'

const KEY = `The key: 1 to ${MAX_LABEL_LENGTH} letters, digits, \`.\`, \`_\`, \`-\` or \`/\`, beginning with a letter or digit.`
const VALUE = `The value: at most ${MAX_LABEL_LENGTH} characters. It may be empty.`

export const LabelType = builder.objectRef<Label>('Label').implement({
  description: 'What a caller has marked an object with. An object has at most one label of each key.',
  fields: (t) => ({
    key: t.exposeString('key', { description: KEY }),
    value: t.exposeString('value', { description: VALUE }),
  }),
})

export const LabelInput = builder.inputType('LabelInput', {
  description: `A label.

Example:
\`labels: [{ key: "team", value: "search" }]\``,
  fields: (t) => ({
    key: t.string({ required: true, description: KEY }),
    value: t.string({ required: true, description: VALUE }),
  }),
})

const LABELS = `at most ${MAX_LABELS}, each with a key of its own.`
export const NEW_LABELS = `The labels to find it by: ${LABELS}`
export const UPDATED_LABELS = `All its labels from now on: ${LABELS} An empty list removes them.`
export const LABELS_FILTER = `It has all of these labels, with exactly these values: at most ${MAX_LABELS}.`

const FORM = '1 to 200 printable ASCII characters, without a space at the beginning or end'
export const externalIdOf = (what: string) =>
  `The id that another system, such as a CI system or an experiment tracker, knows it by: ${FORM}. It names at most one ${what}.`
export const REMOVES_EXTERNAL_ID = 'An empty text removes it.'
