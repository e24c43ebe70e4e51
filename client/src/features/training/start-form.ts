import type { StartTrainingJobInput } from '../../graphql/gql/graphql.ts'

/** The form as typed: every value is text until the form is sent. */
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

/** What is wrong with the form, by field, as sentences. The server checks again and decides. */
export function checkStart(form: StartForm): Partial<Record<StartField, string>> {
  const problems: Partial<Record<StartField, string>> = {}
  const model = form.modelName.trim()
  if (model === '') problems.modelName = 'Enter the name of the model to train.'
  else if (model.length > 100) problems.modelName = 'At most 100 characters.'
  else if (!/^[A-Za-z0-9._/-]+$/.test(model)) problems.modelName = 'Use only letters, digits and . _ - /'
  if (form.name.trim().length > 100) problems.name = 'At most 100 characters.'
  if (form.dataset.trim().length > 200) problems.dataset = 'At most 200 characters.'
  if (form.framework.trim().length > 100) problems.framework = 'At most 100 characters.'
  if (!(Number(form.learningRate) > 0 && Number(form.learningRate) <= 1))
    problems.learningRate = 'Must be above 0 and at most 1.'
  if (!isWhole(form.batchSize, 65_536)) problems.batchSize = 'Must be a whole number from 1 to 65,536.'
  if (!isWhole(form.epochs, 1000)) problems.epochs = 'Must be a whole number from 1 to 1,000.'
  return problems
}

/** The checked form as the mutation takes it. Empty fields are left out. */
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
