import { describe, expect, it } from 'vitest'
import { checkStart, type StartForm, toInput } from './start-form.ts'

const GOOD: StartForm = {
  modelName: 'team/llama-3.1_8b',
  name: ' first try ',
  dataset: '',
  framework: 'pytorch',
  learningRate: '2e-4',
  batchSize: '32',
  epochs: '3',
}

describe('checkStart', () => {
  it('finds nothing wrong with a valid form', () => {
    expect(checkStart(GOOD)).toEqual({})
  })

  it.each([
    ['modelName', '', 'Enter the name of the model to train.'],
    ['modelName', 'no spaces', 'Use only letters, digits and . _ - /'],
    ['modelName', 'x'.repeat(101), 'At most 100 characters.'],
    ['learningRate', '0', 'Must be above 0 and at most 1.'],
    ['learningRate', 'fast', 'Must be above 0 and at most 1.'],
    ['batchSize', '1.5', 'Must be a whole number from 1 to 65,536.'],
    ['batchSize', ' ', 'Must be a whole number from 1 to 65,536.'],
    ['epochs', '1001', 'Must be a whole number from 1 to 1,000.'],
  ] as const)('explains what is wrong with %s %j', (field, value, sentence) => {
    expect(checkStart({ ...GOOD, [field]: value })).toEqual({ [field]: sentence })
  })
})

describe('toInput', () => {
  it('converts numbers and leaves out empty fields', () => {
    expect(toInput(GOOD)).toEqual({
      modelName: 'team/llama-3.1_8b',
      name: 'first try',
      dataset: undefined,
      framework: 'pytorch',
      hyperparameters: { learningRate: 0.0002, batchSize: 32, epochs: 3 },
    })
  })
})
