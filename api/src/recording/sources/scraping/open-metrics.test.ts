import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ExpositionError, ExpositionTruncatedError, type Family } from './exposition.ts'
import { parseExposition, readExposition, readTolerantly } from './parse-exposition.ts'
import { atOnce } from './slices.ts'

const folder = fileURLToPath(new URL('../../../../../../shared/data/expositions/', import.meta.url))
const cases = `${folder}openmetrics-parser-tests/`
const isAbsent = !existsSync(cases)
const absent = isAbsent ? ' (skipped: ../shared/data/expositions is absent)' : ''

const read = (...lines: string[]) => parseExposition([...lines, '# EOF', ''].join('\n'), 'openmetrics')
const samplesOf = (families: readonly Family[]) => families.flatMap(({ samples }) => samples)

function messageOf(...lines: string[]): string {
  try {
    read(...lines)
  } catch (error) {
    if (error instanceof ExpositionError) return error.message
    throw error
  }
  throw new Error(`${JSON.stringify(lines)} was read`)
}

describe(`the test cases of OpenMetrics' parsers${absent}`, () => {
  const names = isAbsent ? [] : readdirSync(cases)

  it.skipIf(isAbsent)('are all there', () => {
    expect(names).toHaveLength(211)
  })

  it.skipIf(isAbsent)('are read where they should be, and refused where they should not', () => {
    const wrong = names.flatMap((name) => {
      const { shouldParse } = JSON.parse(readFileSync(`${cases}${name}/test.json`, 'utf8')) as { shouldParse: boolean }
      const text = readFileSync(`${cases}${name}/metrics`, 'utf8')
      try {
        parseExposition(text, 'openmetrics')
        return shouldParse ? [] : [`${name} was read`]
      } catch (error) {
        if (!(error instanceof ExpositionError)) throw error
        return shouldParse ? [`${name}: ${error.message}`] : []
      }
    })
    expect(wrong).toEqual([])
  })
})

describe(`real expositions${absent}`, () => {
  it.skipIf(isAbsent).each([
    ['dynamo_component_system_metrics.prom', 7, 20],
    ['litellm_1.95_partial.prom', 14, 34],
    ['ray_vllm_partial.prom', 12, 27],
    ['sglang_0.5.10_abridged_datadog.prom', 25, 43],
    ['sglang_docs_overloaded.prom', 12, 91],
    ['tgi_partial.prom', 21, 682],
    ['triton_densenet_summaries.prom', 32, 377],
    ['triton_docs_snippets.prom', 3, 14],
    ['vllm_v0_opt125m.prom', 29, 120],
  ])('%s has %i families, each with a type, and %i samples, which are all its lines', (file, families, samples) => {
    const text = readFileSync(`${folder}${file}`, 'utf8')
    const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
    const found = parseExposition(text, 'text')
    expect(found).toHaveLength(families)
    expect(samplesOf(found)).toHaveLength(samples)
    expect(lines).toHaveLength(samples)
    expect(found.filter(({ type }) => type === 'unknown')).toEqual([])
  })
})

describe('OpenMetrics', () => {
  it('keeps start times with their family, and gives timestamps in milliseconds', () => {
    expect(
      read(
        '# TYPE wait_seconds histogram',
        '# UNIT wait_seconds seconds',
        '# HELP wait_seconds How long.',
        'wait_seconds_bucket{le="0.5"} 1 1700000000.25 # {trace_id="a"} 0.3 1700000000',
        'wait_seconds_bucket{le="+Inf"} 2 1700000000.25',
        'wait_seconds_sum 3.5 1700000000.25',
        'wait_seconds_count 2 1700000000.25',
        'wait_seconds_created 1690000000.5 1700000000.25',
      ),
    ).toEqual([
      {
        name: 'wait_seconds',
        type: 'histogram',
        unit: 'seconds',
        help: 'How long.',
        samples: [
          ['wait_seconds_bucket', { le: '0.5' }, 1],
          ['wait_seconds_bucket', { le: '+Inf' }, 2],
          ['wait_seconds_sum', {}, 3.5],
          ['wait_seconds_count', {}, 2],
          ['wait_seconds_created', {}, 1_690_000_000.5],
        ].map(([name, labels, value]) => ({ name, labels, value, timestampMs: 1_700_000_000_250 })),
      },
    ])
  })

  it('reads quoted names', () => {
    const [family] = read('# TYPE "a.b" counter', '{"a.b_total","c d"="é"} 1')
    expect(family).toMatchObject({ name: 'a.b', type: 'counter', samples: [{ name: 'a.b_total', value: 1 }] })
    expect(family?.samples[0]?.labels).toEqual({ 'c d': 'é' })
  })

  it('keeps the newest point of a series that has several', () => {
    const families = read(
      '# TYPE a gauge',
      'a{x="1"} 1 10',
      'a{x="1"} 2 20',
      'a{x="1"} 3 20',
      'a{x="2"} 4 5',
      '# TYPE b counter',
      'b_total 1 10',
      'b_created 1 10',
      'b_total 2 20',
      'b_created 1 20',
    )
    expect(samplesOf(families).map(({ name, value }) => [name, value])).toEqual([
      ['a', 3],
      ['a', 4],
      ['b_total', 2],
      ['b_created', 1],
    ])
  })

  it('has series of one metric once and together, in whichever order their labels stand', () => {
    expect(messageOf('a{x="1",y="2"} 1', 'a{y="2",x="1"} 2')).toContain('Line 2: a series appears twice')
    expect(messageOf('a{x="1"} 1', 'a{x="2"} 1', 'a{x="1"} 1')).toContain(
      'Line 3: samples of a with equal labels are apart',
    )
    expect(messageOf('a{y="1",x="2"} 1', 'a 1', 'a{x="2",y="1"} 1')).toContain('Line 3: samples of a with equal labels')
    expect(messageOf('# TYPE s summary', 's{quantile="0.5"} 1', 's{quantile="0.5"} 1')).toContain(
      'a series appears twice',
    )
    expect(messageOf('# TYPE s stateset', 's{s="on"} 1', 's{s="on"} 0')).toContain('a series appears twice')
    expect(messageOf('# TYPE h histogram', 'h_bucket{le="+Inf"} 1', 'h_count 1', 'h_sum 1', 'h_sum 2')).toContain(
      'Line 5: a series appears twice',
    )
  })

  it('reads metrics whose samples come line by line with different sets of labels', () => {
    const families = read('a{x="1",y="2"} 1', 'a{x="1"} 2', 'a 3', 'a{y="2"} 4', 'a{x="1",y="3",z="4"} 5')
    expect(samplesOf(families).map(({ labels }) => ({ ...labels }))).toEqual([
      { x: '1', y: '2' },
      { x: '1' },
      {},
      { y: '2' },
      { x: '1', y: '3', z: '4' },
    ])
  })

  it('does not take the beginning of a value, name or label for the whole of it', () => {
    const families = read(
      'a{x="1"} 1',
      'a{x="12"} 2',
      'a{x="1",xy="1"} 3',
      'ab{x="1"} 4',
      'ab{x=""} 5',
      'ab{x="\\""} 6',
    )
    expect(samplesOf(families).map(({ name, labels }) => [name, { ...labels }])).toEqual([
      ['a', { x: '1' }],
      ['a', { x: '12' }],
      ['a', { x: '1', xy: '1' }],
      ['ab', { x: '1' }],
      ['ab', { x: '' }],
      ['ab', { x: '"' }],
    ])
  })

  it.each([
    [['# TYPE a counter', 'a 1'], 'Line 2: a is no sample of the type counter; its samples are a_total, a_created.'],
    [['# TYPE a stat'], 'Line 1: "stat" is no type; it is one of counter, gauge, histogram,'],
    [['a 1', 'b 1', '# TYPE a gauge'], 'Line 3: a was there before; all lines of a metric stand together'],
    [
      ['# TYPE h histogram', 'h_bucket{le="2"} 1', 'h_bucket{le="1"} 1'],
      'Line 3: the bucket 1 follows the bucket 2; the bounds of buckets ascend.',
    ],
    [
      ['# TYPE h histogram', 'h_bucket{le="2"} 1', 'h_sum 1', 'h_count 1', 'a 1'],
      'Line 4: a histogram has no bucket without a bound; its last bucket is le="+Inf".',
    ],
    [['a 1', ' b 1'], 'Line 2: " b 1" is no name; names begin with a letter, _ or :.'],
  ])('says what is wrong with %j', (lines, message) => {
    expect(messageOf(...lines)).toContain(message)
  })

  it('is complete with its last line only', () => {
    for (const text of ['', 'a 1\n', 'a 1\n# EO', 'a 1', 'a 1\n# EOF and more\n']) {
      expect(() => parseExposition(text, 'openmetrics')).toThrow(ExpositionTruncatedError)
    }
    expect(() => parseExposition('# EOF\na 1\n', 'openmetrics')).toThrow('Something follows the line # EOF')
    expect(parseExposition('# EOF', 'openmetrics')).toEqual([])
  })

  it('reads what is wanted, and counts the rest', () => {
    const text = '# TYPE a counter\na_total 1\n# TYPE b gauge\nb{x="1"} 1\nb{x="2"} 1\n# EOF\n'
    const { families, samples } = readExposition(text, 'openmetrics', (name) => name === 'a')
    expect(samples).toBe(3)
    expect(families.map(({ name }) => name)).toEqual(['a'])
  })

  it('is read tolerantly from a server that writes all sums of a histogram first', () => {
    const text = `# TYPE a histogram
a_sum{x="1"} 1.5
a_sum{x="2"} 2.5
a_bucket{le="+Inf",x="1"} 1 1700000000.5
a_count{x="1"} 1
a_bucket{le="+Inf",x="2"} 2
a_count{x="2"} 2
# TYPE b counter
b_total 7
b_created 1.7e9
# EOF
`
    expect(() => parseExposition(text, 'openmetrics')).toThrow(ExpositionError)
    const { families, samples } = atOnce(readTolerantly(text, 'openmetrics'))
    expect(samples).toBe(8)
    expect(families.map(({ name, type, samples: own }) => [name, type, own.length])).toEqual([
      ['a', 'histogram', 6],
      ['b', 'counter', 2],
    ])
    expect(samplesOf(families)[2]?.timestampMs).toBe(1_700_000_000_500)
  })

  it('is not read tolerantly where it is cut short, or no exposition at all', () => {
    expect(() => atOnce(readTolerantly('a 1\n', 'openmetrics'))).toThrow(ExpositionTruncatedError)
    expect(() => atOnce(readTolerantly('a{ 1\n# EOF\n', 'openmetrics'))).toThrow('Line 1: " 1" is no name of a label')
  })
})
