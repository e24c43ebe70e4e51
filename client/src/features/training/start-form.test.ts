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
  it('has nothing against a sensible form', () => {
    expect(checkStart(GOOD)).toEqual({})
  })

  it.each([
    ['modelName', '', 'A job trains a model: give its name.'],
    ['modelName', 'no spaces', 'Only letters, digits and . _ - / can be used.'],
    ['modelName', 'x'.repeat(101), 'At most 100 characters.'],
    ['learningRate', '0', 'Above 0, at most 1.'],
    ['learningRate', 'fast', 'Above 0, at most 1.'],
    ['batchSize', '1.5', 'A whole number from 1 to 65,536.'],
    ['batchSize', ' ', 'A whole number from 1 to 65,536.'],
    ['epochs', '1001', 'A whole number from 1 to 1,000.'],
  ] as const)('says what is wrong with %s %j', (field, value, sentence) => {
    expect(checkStart({ ...GOOD, [field]: value })).toEqual({ [field]: sentence })
  })
})

describe('toInput', () => {
  it('sends numbers as numbers and leaves out what was left empty', () => {
    expect(toInput(GOOD)).toEqual({
      modelName: 'team/llama-3.1_8b',
      name: 'first try',
      dataset: undefined,
      framework: 'pytorch',
      hyperparameters: { learningRate: 0.0002, batchSize: 32, epochs: 3 },
    })
  })
})
