import type { StartTrainingJobInput } from '../../graphql/gql/graphql.ts'

/** The form as typed: everything is text until it is sent. */
export interface StartForm {
  modelName: string
  name: string
  dataset: string
  framework: string
  learningRate: string
  batchSize: string
  epochs: string
}
export type StartField = keyof StartForm

/** What is wrong with the form, by field, in sentences. The server checks again and has the last word. */
export function checkStart(form: StartForm): Partial<Record<StartField, string>> {
  const problems: Partial<Record<StartField, string>> = {}
  const model = form.modelName.trim()
  if (model === '') problems.modelName = 'A job trains a model: give its name.'
  else if (model.length > 100) problems.modelName = 'At most 100 characters.'
  else if (!/^[A-Za-z0-9._/-]+$/.test(model)) problems.modelName = 'Only letters, digits and . _ - / can be used.'
  if (form.name.trim().length > 100) problems.name = 'At most 100 characters.'
  if (form.dataset.trim().length > 200) problems.dataset = 'At most 200 characters.'
  if (form.framework.trim().length > 100) problems.framework = 'At most 100 characters.'
  if (!(Number(form.learningRate) > 0 && Number(form.learningRate) <= 1)) problems.learningRate = 'Above 0, at most 1.'
  if (!isWhole(form.batchSize, 65_536)) problems.batchSize = 'A whole number from 1 to 65,536.'
  if (!isWhole(form.epochs, 1000)) problems.epochs = 'A whole number from 1 to 1,000.'
  return problems
}

/** The checked form as the mutation takes it; what was left empty is left out. */
export function toInput(form: StartForm): StartTrainingJobInput {
  const text = (value: string) => value.trim() || undefined
  return {
    modelName: form.modelName.trim(),
    name: text(form.name),
    dataset: text(form.dataset),
    framework: text(form.framework),
    hyperparameters: {
      learningRate: Number(form.learningRate),
      batchSize: Number(form.batchSize),
      epochs: Number(form.epochs),
    },
  }
}

function isWhole(text: string, most: number): boolean {
  const value = Number(text)
  return text.trim() !== '' && Number.isInteger(value) && value >= 1 && value <= most
}
