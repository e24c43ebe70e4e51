import { expect, it } from 'vitest'
import { MAX_ANSWER_BYTES } from '../base/limits.ts'
import { answerBody, answerText, jsonOf } from './answer-body.ts'

const textOf = (...answer: Parameters<typeof answerText>) => jsonOf(answerText(...answer)).toString()

it('An answer is the JSON of its result, with what is its caller’s own at the end', () => {
  const error = { message: 'no', extensions: { code: 'NOT_FOUND' } }
  const body = answerBody({ errors: [error], data: { name: 'Zürich' }, extensions: { dropped: true } })
  expect(textOf(body)).toBe(JSON.stringify({ errors: [error], data: { name: 'Zürich' } }))
  const extensions = { cost: { requested: 1 } }
  expect(textOf(body, extensions)).toBe(JSON.stringify({ errors: [error], data: { name: 'Zürich' }, extensions }))
  expect(answerText(body, extensions).body).toBe(body)
})

it('An answer tells whether nothing was executed from an error that took all data', () => {
  const errors = [{ message: 'no' }]
  expect([{ errors }, { errors, data: null }, { data: {} }].map((result) => answerBody(result).data)).toEqual([
    'absent',
    'null',
    'object',
  ])
})

it('An answer that is larger than answers may be becomes an error, whoever’s part makes it too large', () => {
  const body = answerBody({ data: { text: '.'.repeat(MAX_ANSWER_BYTES - 30) } })
  expect(answerText(body).body).toBe(body)
  const { errors, data } = answerText(body, { cost: { requested: 1, remaining: 1 } }).body
  expect([data, errors]).toMatchObject(['absent', [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 'answerBytes' } }]])
})
