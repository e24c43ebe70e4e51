import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { answerBody, answerText, jsonOf } from '../engine/answer-body.ts'
import { ANSWER_CODINGS, packedAnswer } from './packed-answer.ts'

const UNPACK = { br: brotliDecompressSync, gzip: gunzipSync }

function bodyOf(rows: number) {
  return answerBody({ data: { rows: Array.from({ length: rows }, (_, i) => ({ name: `row ${i}`, half: i / 2 })) } })
}

describe.each(ANSWER_CODINGS)('an answer packed with %s', (coding) => {
  it.each([
    ['a small one', 1, undefined],
    ['one with extensions', 50, { cost: { requested: 7, remaining: 93 } }],
    ['one that is packed on another thread', 20_000, { cost: { requested: 7 } }],
    ['one with long extensions', 1, { notes: 'ä'.repeat(100_000) }],
  ])('is what it was once it is unpacked: %s', async (_, rows, extensions) => {
    const text = answerText(bodyOf(rows), extensions)
    expect(UNPACK[coding](await packedAnswer(text, coding)).equals(jsonOf(text))).toBe(true)
  })

  it('is packed once for equal reads, and has an end of its own for each', async () => {
    const body = bodyOf(5_000)
    const [one, two] = [answerText(body, { remaining: 1 }), answerText(body, { remaining: 2 })]
    const jsonOfTwo = jsonOf(two)
    const packed = await packedAnswer(one, coding)
    expect(packed.length).toBeLessThan(body.head.length / 4)
    // From here on, only what was packed before knows the head.
    body.head.fill(0)
    expect(UNPACK[coding](await packedAnswer(two, coding)).equals(jsonOfTwo)).toBe(true)
  })
})
