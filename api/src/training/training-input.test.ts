import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../base/errors.ts'
import { checkNewJob, checkUpdate, type NewTrainingJob, type TrainingJobUpdate } from './training-input.ts'

/** The paths of all problems; empty when there are none. */
function wrongIn(check: () => void): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    return error.issues.map(({ path }) => path.join('.'))
  }
}

describe('a new training job', () => {
  it.each<[string, Partial<NewTrainingJob>, string[]]>([
    ['no model name', { modelName: '' }, ['modelName']],
    ['a space in the model name', { modelName: 'a b' }, ['modelName']],
    ['a model name of 101 characters', { modelName: 'x'.repeat(101) }, ['modelName']],
    ['a line break in the model name', { modelName: 'm\n' }, ['modelName']],
    ['an empty name', { name: '' }, ['name']],
    ['a name of spaces', { name: ' \t' }, ['name']],
    ['a name of 10 kB', { name: 'x'.repeat(10_240) }, ['name']],
    ['NUL in the name', { name: 'a\u0000b' }, ['name']],
    ['half a surrogate pair in the name', { name: '\ud800' }, ['name']],
    ['several mistakes', { framework: 'x'.repeat(101), dataset: '\u202e' }, ['framework', 'dataset']],
    ['NUL in the hyperparameters', { hyperparameters: { text: '\u0000' } }, ['hyperparameters']],
    ['half a pair in a key of them', { hyperparameters: { deep: [{ '\udfff': 1 }] } }, ['hyperparameters']],
    ['hyperparameters of 16.4 kB', { hyperparameters: { long: 'ä'.repeat(8200) } }, ['hyperparameters']],
  ])('is refused with %s', (_what, input, paths) => {
    expect(wrongIn(() => checkNewJob({ modelName: 'm', ...input }))).toEqual(paths)
  })

  it.each<[string, Partial<NewTrainingJob>]>([
    ['nothing but a model name of any of its characters', { modelName: 'Team-1/a_b.C' }],
    ['a model name of 100 characters', { modelName: 'x'.repeat(100) }],
    ['texts of 100 characters', { name: '🦀'.repeat(100), framework: 'x'.repeat(100), dataset: '' }],
    ['nulls', { name: null, framework: null, dataset: null, hyperparameters: null }],
    ['any hyperparameters', { hyperparameters: { a: [1, null, { b: '' }], long: 'x'.repeat(16_000) } }],
  ])('is accepted with %s', (_what, input) => {
    expect(wrongIn(() => checkNewJob({ modelName: 'm', ...input }))).toEqual([])
  })
})

describe('an update of a training job', () => {
  it.each<[string, TrainingJobUpdate, string[]]>([
    ['back into the queue', { status: 'QUEUED' }, ['status']],
    ['with too much progress', { progress: 1.01 }, ['progress']],
    ['with two figures out of range', { progress: -0.01, finalAccuracy: 2 }, ['progress', 'finalAccuracy']],
    ['with an infinite final loss', { finalLoss: Infinity }, ['finalLoss']],
    ['with an infinite loss', { steps: [{ step: 1, loss: -Infinity }] }, ['steps.0.loss']],
    ['with a reason while it runs', { failureReason: 'why' }, ['failureReason']],
    ['with a reason when it succeeds', { status: 'COMPLETED', failureReason: 'why' }, ['failureReason']],
    ['with a reason of 1001 characters', { status: 'FAILED', failureReason: 'x'.repeat(1001) }, ['failureReason']],
    ['with a step below 0', { steps: [{ step: -1, loss: 1 }] }, ['steps.0.step']],
    [
      'with a step past 2^31 - 1',
      {
        steps: [
          { step: 1, loss: 1 },
          { step: 2 ** 31, loss: 1 },
        ],
      },
      ['steps.1.step'],
    ],
    ['with an accuracy above 1', { steps: [{ step: 2, loss: 1, accuracy: 1.5 }] }, ['steps.0.accuracy']],
    ['with 1001 steps', { steps: Array.from({ length: 1001 }, (_, step) => ({ step, loss: 1 })) }, ['steps']],
  ])('is refused %s', (_what, update, paths) => {
    expect(wrongIn(() => checkUpdate(update, 'RUNNING'))).toEqual(paths)
  })

  it.each<[string, TrainingJobUpdate]>([
    ['of nothing', {}],
    ['of nulls', { status: null, progress: null, steps: null, finalLoss: null, failureReason: null }],
    ['to any end', { status: 'CANCELLED', progress: 1, finalLoss: -1e300, finalAccuracy: 0 }],
    ['to a failure with its reason', { status: 'FAILED', failureReason: 'x'.repeat(1000) }],
    ['with 1000 steps', { steps: Array.from({ length: 1000 }, (_, step) => ({ step, loss: 1, accuracy: null })) }],
  ])('is accepted %s', (_what, update) => {
    expect(wrongIn(() => checkUpdate(update, 'RUNNING'))).toEqual([])
  })

  it('may leave a queued job queued', () => {
    expect(wrongIn(() => checkUpdate({ status: 'QUEUED', progress: 0 }, 'QUEUED'))).toEqual([])
  })
})
