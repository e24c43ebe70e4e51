import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../base/errors.ts'
import {
  checkNewJob,
  checkRegistration,
  checkUpdate,
  type NewTrainingJob,
  type RegisteredTrainingJob,
  type TrainingJobUpdate,
} from './training-input.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const minutes = (after: number) => new Date(NOW.getTime() + after * 60_000)
const QUEUED = { status: 'QUEUED', startedAt: null } as const
const RUNNING = { status: 'RUNNING', startedAt: minutes(-60) } as const

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
    ['a name that is one line break', { name: '\n' }, ['name']],
    ['names of several lines', { name: 'a\nb', framework: 'a\nb', dataset: 'a\nb' }, ['name', 'framework', 'dataset']],
    ['a name of 90 combining marks', { name: '\u0301'.repeat(90) }, ['name']],
    ['a label value of two lines', { labels: [{ key: 'team', value: 'a\nb' }] }, ['labels.0.value']],
    ['a name of 10 kB', { name: 'x'.repeat(10_240) }, ['name']],
    ['NUL in the name', { name: 'a\u0000b' }, ['name']],
    ['half a surrogate pair in the name', { name: '\ud800' }, ['name']],
    ['several mistakes', { framework: 'x'.repeat(101), dataset: '\u202e' }, ['framework', 'dataset']],
    ['NUL in the hyperparameters', { hyperparameters: { text: '\u0000' } }, ['hyperparameters']],
    ['half a pair in a key of them', { hyperparameters: { deep: [{ '\udfff': 1 }] } }, ['hyperparameters']],
    ['an empty external id', { externalId: '' }, ['externalId']],
    ['an external id that ends in a space', { externalId: 'run 7 ' }, ['externalId']],
    ['an external id of 201 characters', { externalId: 'x'.repeat(201) }, ['externalId']],
    ['a line break in the external id', { externalId: 'run\n7' }, ['externalId']],
    ['17 labels', { labels: Array.from({ length: 17 }, (_, n) => ({ key: `k${n}`, value: '' })) }, ['labels']],
    ['a label without a key', { labels: [{ key: '', value: 'x' }] }, ['labels.0.key']],
    ['an equals sign in the key of a label', { labels: [{ key: 'a=b', value: 'x' }] }, ['labels.0.key']],
    ['a label key of 64 characters', { labels: [{ key: 'x'.repeat(64), value: '' }] }, ['labels.0.key']],
    ['a label value of 64 characters', { labels: [{ key: 'k', value: 'x'.repeat(64) }] }, ['labels.0.value']],
    ['NUL in a label value', { labels: [{ key: 'k', value: '\u0000' }] }, ['labels.0.value']],
    [
      'two labels of one key',
      {
        labels: [
          { key: 'k', value: '1' },
          { key: 'k', value: '2' },
        ],
      },
      ['labels.1.key'],
    ],
    ['hyperparameters of 16.4 kB', { hyperparameters: { long: 'ä'.repeat(8200) } }, ['hyperparameters']],
  ])('is refused with %s', (_what, input, paths) => {
    expect(wrongIn(() => checkNewJob({ modelName: 'm', ...input }))).toEqual(paths)
  })

  it.each<[string, Partial<NewTrainingJob>]>([
    ['nothing but a model name of any of its characters', { modelName: 'Team-1/a_b.C' }],
    ['a model name of 100 characters', { modelName: 'x'.repeat(100) }],
    ['texts of 100 characters', { name: '🦀'.repeat(100), framework: 'x'.repeat(100), dataset: '' }],
    ['nulls', { name: null, framework: null, dataset: null, hyperparameters: null }],
    ['an external id as other systems make them', { externalId: 'wandb://team/x run #7 (retry)' }],
    ['a label with the longest key and value', { labels: [{ key: 'x'.repeat(63), value: '模'.repeat(63) }] }],
    ['a label without a value', { labels: [{ key: 'ci/nightly_1.0-x', value: '' }] }],
    ['any hyperparameters', { hyperparameters: { a: [1, null, { b: '' }], long: 'x'.repeat(16_000) } }],
  ])('is accepted with %s', (_what, input) => {
    expect(wrongIn(() => checkNewJob({ modelName: 'm', ...input }))).toEqual([])
  })
})

describe('the times of a registered training job', () => {
  const register = (input: Partial<RegisteredTrainingJob>) =>
    wrongIn(() => checkRegistration({ modelName: 'm', name: 'j', status: 'COMPLETED', ...input }, NOW))

  it.each<[string, Partial<RegisteredTrainingJob>, string[]]>([
    ['an end before the start', { startedAt: minutes(-1), finishedAt: minutes(-2) }, ['finishedAt']],
    ['an end while it runs', { status: 'RUNNING', finishedAt: minutes(-1) }, ['finishedAt']],
    ['a start while it is queued', { status: 'QUEUED', startedAt: minutes(-1) }, ['startedAt']],
    [
      'times more than a minute ahead',
      { startedAt: minutes(1.1), finishedAt: minutes(2) },
      ['startedAt', 'finishedAt'],
    ],
    ['a start before 1970, as from a wrong unit', { startedAt: new Date(-1) }, ['startedAt']],
  ])('are refused with %s', (_what, input, paths) => {
    expect(register(input)).toEqual(paths)
  })

  it.each<[string, Partial<RegisteredTrainingJob>]>([
    ['a run of last year', { startedAt: minutes(-525_600), finishedAt: minutes(-525_000) }],
    ['a run without duration', { startedAt: minutes(-5), finishedAt: minutes(-5) }],
    ['only an end', { finishedAt: minutes(-5) }],
    ['only a start', { status: 'RUNNING', startedAt: minutes(-5) }],
    ['a clock that is a minute ahead', { startedAt: minutes(0), finishedAt: minutes(1) }],
  ])('are accepted for %s', (_what, input) => {
    expect(register(input)).toEqual([])
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
    ['with an end while it runs', { finishedAt: minutes(-5) }, ['finishedAt']],
    ['with an end before its known start', { status: 'FAILED', finishedAt: minutes(-61) }, ['finishedAt']],
    ['with a malformed external id', { externalId: ' ' }, ['externalId']],
    ['with a malformed label', { labels: [{ key: '-', value: '' }] }, ['labels.0.key']],
    ['with 1001 steps', { steps: Array.from({ length: 1001 }, (_, step) => ({ step, loss: 1 })) }, ['steps']],
  ])('is refused %s', (_what, update, paths) => {
    expect(wrongIn(() => checkUpdate(update, RUNNING, NOW))).toEqual(paths)
  })

  it.each<[string, TrainingJobUpdate]>([
    ['of nothing', {}],
    ['of nulls', { status: null, progress: null, steps: null, finalLoss: null, failureReason: null }],
    ['to any end', { status: 'CANCELLED', progress: 1, finalLoss: -1e300, finalAccuracy: 0 }],
    ['to a failure with its reason', { status: 'FAILED', failureReason: 'x'.repeat(1000) }],
    [
      'with an end before the known start, and an earlier start',
      { status: 'FAILED', startedAt: minutes(-99), finishedAt: minutes(-61) },
    ],
    ['that removes the external id and the labels', { externalId: '', labels: [] }],
    ['with 1000 steps', { steps: Array.from({ length: 1000 }, (_, step) => ({ step, loss: 1, accuracy: null })) }],
  ])('is accepted %s', (_what, update) => {
    expect(wrongIn(() => checkUpdate(update, RUNNING, NOW))).toEqual([])
  })

  it('may leave a queued job queued', () => {
    expect(wrongIn(() => checkUpdate({ status: 'QUEUED', progress: 0 }, QUEUED, NOW))).toEqual([])
  })

  it('cannot leave a job queued that reports from its run', () => {
    for (const report of [{ progress: 0.1 }, { steps: [{ step: 0, loss: 1 }] }]) {
      expect(wrongIn(() => checkUpdate({ status: 'QUEUED', ...report }, QUEUED, NOW))).toEqual(['status'])
    }
  })
})
