import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ExpositionError, type ExpositionFormat, type Family } from './exposition.ts'
import { formatOf, parseExposition, readExposition, readTolerantly } from './parse-exposition.ts'
import { atOnce, inTurns } from './slices.ts'

const folder = fileURLToPath(new URL('../../../../../../shared/data/expositions/', import.meta.url))
const cases = `${folder}openmetrics-parser-tests/`

const OWN = [
  `# TYPE a histogram
# HELP a It \\ helps.
a_bucket{x="1",le="0.5"} 1 12 # {trace_id="é"} 0.25 3
a_bucket{x="1",le="+Inf"} 2 12
a_sum{x="1"} 1.5e0 12
a_count{x="1"} 2 12
# TYPE b_seconds counter
# UNIT b_seconds seconds
b_seconds_total{y="\\"\n"} 1
# TYPE c summary
c{quantile="0.5"} NaN
c_sum 1
c_count 1
# TYPE d stateset
d{d="on"} 1
{"e.f","g h"="i"} +Inf
# EOF
`,
  `h_sum{x="1", y="2",} 9
h_bucket{x="1", y="2", le="+Inf"} 3
h_bucket{x="1",y="2",le="5e-001"} 1
h_count{x="1",y="2"} 3

# HELP s_total nothing
t_total -1 1700000000000
t_created 1.7e9
u{quantile="0.5"} 1
u_sum 4
`,
]
const FOUND = existsSync(cases)
  ? [
      ...readdirSync(cases).map((name) => readFileSync(`${cases}${name}/metrics`, 'utf8')),
      ...readdirSync(folder)
        .filter((name) => name.endsWith('.prom'))
        .map((name) => readFileSync(folder + name, 'utf8').slice(0, 2500)),
    ]
  : []
// Half of the rounds begin with what is right.
const RIGHT = [...OWN, ...FOUND.filter((text) => outcome(text, 'openmetrics') !== null)]
const ALL = [...OWN, ...FOUND]

function picked(random: () => number): string {
  const corpus = random() < 0.5 ? RIGHT : ALL
  return corpus[Math.floor(random() * corpus.length)] ?? ''
}

/** The same numbers from 0 to 1 in each run (Lehmer). */
function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

const PIECES = [
  ...Array.from('{}",=#\\\n\r\t :_-+.0e'),
  '\u0000',
  'é',
  '😀',
  '\ud800',
  '# EOF\n',
  '# TYPE ',
  'le="1"',
  '+Inf',
  'NaN',
  '_total',
  '1e999',
]

function mutated(text: string, random: () => number): string {
  let result = text
  for (let times = 1 + Math.floor(random() * 3); times > 0; times -= 1) {
    const from = Math.floor(random() * (result.length + 1))
    const to = Math.min(result.length, from + Math.floor(random() ** 3 * 40))
    const piece = PIECES[Math.floor(random() * PIECES.length)] ?? ''
    const kind = random()
    if (kind < 0.3) result = result.slice(0, from) + piece + result.slice(from)
    else if (kind < 0.55) result = result.slice(0, from) + result.slice(to)
    else if (kind < 0.7) result = result.slice(0, from) + piece + result.slice(to)
    else if (kind < 0.8) result = result.slice(0, to) + result.slice(from)
    else if (kind < 0.9) result = result.slice(from) + result.slice(0, from)
    else result = result.slice(0, from)
  }
  return result
}

/** The families, or null when they are refused; anything else that is thrown is a fault of the parser. */
function outcome(text: string, format: ExpositionFormat, wanted?: (name: string) => boolean): Family[] | null {
  try {
    return parseExposition(text, format, wanted)
  } catch (error) {
    if (error instanceof ExpositionError) return null
    throw new Error(`${format}: ${JSON.stringify(text)}`, { cause: error })
  }
}

const FORMATS = ['openmetrics', 'text'] as const

describe('whatever an exposition holds', () => {
  it('is read or refused, and a family is the same whether others are wanted or not', () => {
    const random = seeded(20_261_130)
    const read = { openmetrics: 0, text: 0 }
    for (let round = 0; round < 1500; round += 1) {
      const text = mutated(picked(random), random)
      for (const format of FORMATS) {
        const families = outcome(text, format)
        if (families === null) continue
        read[format] += 1
        const one = families[Math.floor(random() * families.length)]
        if (one === undefined) continue
        const same = families.filter(({ name }) => name === one.name)
        const alone = outcome(text, format, (name) => name === one.name)
        if (!isDeepStrictEqual(alone, same)) expect({ text, families: alone }).toEqual({ text, families: same })
      }
    }
    // Both outcomes are common, or nothing was tried.
    for (const format of FORMATS) {
      expect(read[format]).toBeGreaterThan(100)
      expect(read[format]).toBeLessThan(1400)
    }
  })

  it('is read or refused by the tolerant reader', () => {
    const random = seeded(11)
    let read = 0
    for (let round = 0; round < 500; round += 1) {
      const text = mutated(picked(random), random)
      try {
        atOnce(readTolerantly(text, 'openmetrics'))
        read += 1
      } catch (error) {
        if (!(error instanceof ExpositionError)) throw new Error(JSON.stringify(text), { cause: error })
      }
    }
    expect(read).toBeGreaterThan(100)
    expect(read).toBeLessThan(450)
  })

  it('says the same to the tolerant reader as to the strict one, when something else in it is wrong', () => {
    const apart = '# TYPE zz gauge\nzz{x="1"} 1\nzz{x="2"} 1\nzz{x="1"} 2\n# EOF'
    for (const text of RIGHT) {
      const families = outcome(text, 'openmetrics')
      const wrong = text.replace(/# EOF\n?$/, apart)
      // The newest of several points of a series is known to the strict reader alone.
      const samples = families?.reduce((sum, each) => sum + each.samples.length, 0)
      if (families === null || samples !== readExposition(text, 'openmetrics').samples) continue
      expect(outcome(wrong, 'openmetrics')).toBeNull()
      expect(atOnce(readTolerantly(wrong, 'openmetrics')).families.slice(0, -1)).toEqual(families)
    }
  })
})

const LENGTH = 300_000
const filled = (piece: string, start = '', end = '') =>
  start + piece.repeat(Math.ceil((LENGTH - start.length - end.length) / piece.length)) + end
const lines = (line: (n: number) => string, start = '') => {
  const made = [start]
  for (let size = start.length, n = 0; size < LENGTH && n < 50_000; n += 1) {
    made.push(line(n))
    size += (made.at(-1) ?? '').length
  }
  return made.join('')
}

describe('a long text', () => {
  it.each([
    ['one value of a label', filled('x', 'a{b="', '"} 1\n')],
    ['a label that does not end', filled('x', 'a{b="')],
    ['backslashes in a label', filled('\\\\', 'a{b="', '"} 1\n')],
    ['backslashes in a label that does not end', filled('\\', 'a{b="')],
    ['backslashes in a HELP', filled('\\', '# HELP a ', '\n')],
    ['a quoted name that does not end', filled('x', '# TYPE "')],
    ['a name', filled('a')],
    ['a name of a label', filled('a', 'a{')],
    ['labels', filled('a="1",', 'a{', '} 1\n')],
    ['hashes', filled('#')],
    ['lines of hashes', filled('#\n')],
    ['newlines', filled('\n')],
    ['spaces', filled(' ')],
    ['spaces before a value', filled(' ', 'a', '1\n')],
    ['quotes', filled('"')],
    ['braces', filled('{')],
    ['digits', filled('9', 'a ', '\n')],
    ['digits of an exponent', filled('9', 'a 1e-', '\n')],
    ['a decimal fraction', filled('0', 'a 0.', '1\n')],
    ['an exemplar', filled('x', '# TYPE a counter\na_total 1 # {b="', '"} 1\n')],
    ['a type', filled('x', '# TYPE a ', '\n')],
    ['the same series', filled('a{b="c",d="0123456789012345678901234567890"} 1\n')],
    ['series of one metric', lines((n) => `a{b="c",d="${n}"} 1\n`)],
    [
      'series with labels in another order each',
      lines((n) => (n % 2 ? `a{c="${n}",b="1"} 1\n` : `a{b="1",c="${n}"} 1\n`)),
    ],
    ['metrics', lines((n) => `metric_${n} 1\n`)],
    ['metrics without samples', lines((n) => `# TYPE metric_${n} histogram\n`)],
    ['buckets of one histogram', lines((n) => `a_bucket{le="${n}"} 1\n`, '# TYPE a histogram\n')],
    ['quantiles of one summary', lines((n) => `a{quantile="${n / 50_000}"} 1\n`, '# TYPE a summary\n')],
    ['states of one set', lines((n) => `a{a="${n}"} 1\n`, '# TYPE a stateset\n')],
    ['points of one series', lines((n) => `a 1 ${n}\n`, '# TYPE a gauge\n')],
    ['names of a thousand letters', lines((n) => `${'a'.repeat(1000)}${n % 7} 1\n`)],
    ['values of a thousand letters', lines((n) => `a{b="${'x'.repeat(1000)}${n % 7}"} 1\n`)],
    ['buckets without a type', lines((n) => `m${n}_bucket{le="1"} 1\nm${n}_sum 1\n`)],
  ])('of %s is read or refused in time that is proportional to its length', (_what, text) => {
    for (const format of FORMATS) {
      const whole = format === 'text' ? text : `${text}${text.endsWith('\n') ? '' : '\n'}# EOF\n`
      const beganMs = performance.now()
      outcome(whole, format)
      // Some ms on a machine of its own. With the square of the length it would be minutes.
      expect(performance.now() - beganMs).toBeLessThan(5000)
    }
  })
})

describe('the format of an answer', () => {
  it.each([
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    ['Application/OpenMetrics-Text', 'openmetrics'],
    ['text/plain; version=0.0.4; charset=utf-8', 'text'],
    ['text/plain;version=1.0.0;escaping=allow-utf-8', 'text'],
    ['text/plain', 'text'],
    [undefined, 'text'],
    ['text/html; charset=utf-8', null],
    ['application/json', null],
    ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily', null],
  ])('of type %s is %s', (contentType, format) => {
    expect(formatOf(contentType)).toBe(format)
  })
})

describe('an exposition that is large and slow to read', () => {
  const line = (n: number) => `m{${Array.from({ length: 60 }, (_none, at) => `l${n}_${at}="v"`).join(',')}} 1`
  const text = `${Array.from({ length: 600 }, (_none, n) => line(n)).join('\n')}\n`

  it.each(FORMATS)(
    'is read in slices, between which others have their turn, with the same result: %s',
    async (format) => {
      const whole = format === 'openmetrics' ? `${text}# EOF\n` : text
      let turns = 0
      let isOver = false
      const count = () => {
        turns += 1
        if (!isOver) setImmediate(count)
      }
      setImmediate(count)
      const read = await inTurns(readTolerantly(whole, format), new AbortController().signal)
      isOver = true
      expect(turns).toBeGreaterThan(8)
      expect(read).toEqual(readExposition(whole, format))
    },
  )

  it('is not read to its end when that is no longer wanted', async () => {
    const ending = new AbortController()
    const read = inTurns(readTolerantly(text, 'text'), ending.signal)
    ending.abort(new Error('over'))
    await expect(read).rejects.toThrow('over')
  })
})
