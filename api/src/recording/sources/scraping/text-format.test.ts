import { describe, expect, it } from 'vitest'
import { ExpositionTooLargeError, type Family } from './exposition.ts'
import { parseExposition, readExposition } from './parse-exposition.ts'

const read = (...lines: string[]) => parseExposition(`${lines.join('\n')}\n`, 'text')
const brief = (families: readonly Family[]) =>
  families.map(({ name, type, samples }) => [name, type, samples.map((sample) => [sample.name, sample.value])])
const values = (...lines: string[]) => read(...lines).flatMap(({ samples }) => samples.map(({ value }) => value))

describe('the text format', () => {
  it('reads families with help, type, labels, values and timestamps in milliseconds', () => {
    expect(
      read(
        String.raw`# HELP http_requests_total Of \\ all,\nby "code".`,
        '# TYPE http_requests_total counter',
        'http_requests_total{method="post",code="200"} 1027 1395066363000',
        'http_requests_total{method="post",code="400"}    3 -3',
        String.raw`msdos_file_access{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9`,
        'metric_without_timestamp_and_labels 12.47',
      ),
    ).toEqual([
      {
        name: 'http_requests',
        type: 'counter',
        unit: null,
        help: 'Of \\ all,\nby "code".',
        samples: [
          {
            name: 'http_requests_total',
            labels: { method: 'post', code: '200' },
            value: 1027,
            timestampMs: 1_395_066_363_000,
          },
          { name: 'http_requests_total', labels: { method: 'post', code: '400' }, value: 3, timestampMs: -3 },
        ],
      },
      {
        name: 'msdos_file_access',
        type: 'unknown',
        unit: null,
        help: null,
        samples: [
          {
            name: 'msdos_file_access',
            labels: { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' },
            value: 1_458_255_915,
            timestampMs: null,
          },
        ],
      },
      {
        name: 'metric_without_timestamp_and_labels',
        type: 'unknown',
        unit: null,
        help: null,
        samples: [{ name: 'metric_without_timestamp_and_labels', labels: {}, value: 12.47, timestampMs: null }],
      },
    ])
  })

  it('takes no offence at blanks, trailing commas, blank lines, comments and carriage returns', () => {
    const [family, ...others] = read(
      '',
      '# a remark of somebody',
      '#',
      '  #  TYPE   a   gauge  ',
      '\ta { x = "1" , y="2", }\t1\t5 ',
      'a{ } 2\r',
      'a{x="3"} 3 # {trace_id="t"} 1',
      '   ',
    )
    expect(others).toEqual([])
    expect(family?.samples.map(({ labels, value, timestampMs }) => [{ ...labels }, value, timestampMs])).toEqual([
      [{ x: '1', y: '2' }, 1, 5],
      [{}, 2, null],
      [{ x: '3' }, 3, null],
    ])
    expect(family?.type).toBe('gauge')
  })

  it.each([
    ['0', 0],
    ['1.5', 1.5],
    ['+2', 2],
    ['-0.25', -0.25],
    ['.5', 0.5],
    ['5.', 5],
    ['0.1', 0.1],
    ['1e3', 1000],
    ['1.78611500e+009', 1_786_115_000],
    ['2.5E-3', 0.0025],
    ['123456789012345678901234567890', 1.2345678901234568e29],
    ['0.30000000000000004', 0.30000000000000004],
    ['4.9e-324', 5e-324],
    ['1e400', Infinity],
    ['8.128902e+06', 8_128_902],
    ['1.7861150037743552e+09', 1_786_115_003.774_355_2],
    ['Inf', Infinity],
    ['+Inf', Infinity],
    ['-inf', -Infinity],
    ['+infinity', Infinity],
    ['NaN', NaN],
    ['nan', NaN],
    ['-1', -1],
  ])('reads %s as a number', (written, value) => {
    expect(values(`a ${written}`)).toEqual([value])
  })

  it('reads every finite number as JavaScript does', () => {
    let seed = 7
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
    for (let n = 0; n < 500; n += 1) {
      const number = (random() - 0.5) * 10 ** Math.floor(random() * 60 - 30)
      const written = [String(number), number.toExponential(), number.toFixed(Math.floor(random() * 20))]
      for (const text of written) expect(values(`a ${text}`)).toEqual([Number(text)])
    }
  })

  it('names counters without _total, also where TYPE is missing, and never twice', () => {
    expect(brief(read('# TYPE a_total counter', 'a_total 1', 'b_total 2', '# TYPE c_total_total counter'))).toEqual([
      ['a', 'counter', [['a_total', 1]]],
      ['b', 'counter', [['b_total', 2]]],
      ['c_total', 'counter', []],
    ])
    expect(brief(read('# TYPE a gauge', 'a 1', '# TYPE a_total counter', 'a_total 2', '# TYPE d_total gauge'))).toEqual(
      [
        ['a', 'gauge', [['a', 1]]],
        ['a_total', 'counter', [['a_total', 2]]],
        ['d_total', 'gauge', []],
      ],
    )
  })

  it('keeps families without samples, and start times that are gauges as families of their own', () => {
    expect(
      brief(
        read(
          '# HELP a_total Nothing yet.',
          '# TYPE a_total counter',
          '# TYPE h histogram',
          'h_bucket{le="+Inf"} 1',
          'h_sum 2',
          'h_count 1',
          '# TYPE h_created gauge',
          'h_created 1.7e9',
        ),
      ),
    ).toEqual([
      ['a', 'counter', []],
      [
        'h',
        'histogram',
        [
          ['h_bucket', 1],
          ['h_sum', 2],
          ['h_count', 1],
        ],
      ],
      ['h_created', 'gauge', [['h_created', 1.7e9]]],
    ])
  })

  it('puts a histogram together that has no TYPE, whatever the order of its lines and bounds', () => {
    const [family, ...others] = read(
      'h_sum{x="1"} 9',
      'h_bucket{x="1",le="+Inf"} 3',
      'h_bucket{x="1",le="0.5"} 1',
      'h_count{x="1"} 3',
    )
    expect(others).toEqual([])
    expect(family).toMatchObject({ name: 'h', type: 'histogram' })
    expect(family?.samples.map(({ name, labels }) => [name, labels.le])).toEqual([
      ['h_bucket', '+Inf'],
      ['h_bucket', '0.5'],
      ['h_sum', undefined],
      ['h_count', undefined],
    ])
  })

  it('reads buckets that are written without their suffix', () => {
    expect(brief(read('h_count 2', 'h_sum 7', 'h{le="100"} 1', 'h{le="+Inf"} 2'))).toEqual([
      [
        'h',
        'histogram',
        [
          ['h_bucket', 1],
          ['h_bucket', 2],
          ['h_sum', 7],
          ['h_count', 2],
        ],
      ],
    ])
    expect(brief(read('# TYPE h histogram', 'h_count 2', 'h{le="+Inf"} 2'))).toEqual([
      [
        'h',
        'histogram',
        [
          ['h_count', 2],
          ['h', 2],
        ],
      ],
    ])
  })

  it('counts a series that is there twice once, and the first type that is said', () => {
    expect(
      brief(read('# TYPE a counter', 'a{x="1"} 1', 'a{x="1"} 5', 'a{x="2"} 2', '# TYPE a gauge', 'a{x="1"} 1')),
    ).toEqual([
      [
        'a',
        'counter',
        [
          ['a', 1],
          ['a', 2],
        ],
      ],
    ])
  })

  it('reads quoted names of metrics and labels', () => {
    const [family] = read('# TYPE "my.metric" gauge', '{"my.metric","a b"="c",d="e"} 1', '{"my.metric"} 2')
    expect(family).toMatchObject({ name: 'my.metric', type: 'gauge' })
    expect(family?.samples.map(({ labels, value }) => [{ ...labels }, value])).toEqual([
      [{ 'a b': 'c', d: 'e' }, 1],
      [{}, 2],
    ])
  })

  it('takes labels for nothing but what they are called', () => {
    const [family] = read('a{__proto__="1",constructor="2"} 1', 'a 2')
    const [first, second] = family?.samples ?? []
    expect(Object.entries(first?.labels ?? {})).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
    expect(second?.labels['constructor']).toBeUndefined()
  })

  it('reads what is wanted, by names without suffixes, and counts the rest', () => {
    const text = `# TYPE a_total counter
a_total 1
# TYPE b histogram
b_bucket{le="+Inf"} 1
b_sum 1
b_count 1
c_bucket{le="+Inf"} 2
c_sum 2
c_count 2
d{x="y"} 1
`
    const { families, samples } = readExposition(text, 'text', (name) => name === 'a' || name === 'c')
    expect(samples).toBe(8)
    expect(brief(families)).toEqual([
      ['a', 'counter', [['a_total', 1]]],
      [
        'c',
        'histogram',
        [
          ['c_bucket', 2],
          ['c_sum', 2],
          ['c_count', 2],
        ],
      ],
    ])
  })

  it.each([
    ['a', 'Line 2: the value is missing; the value follows after a space.'],
    ['a{x="1"', 'Line 2: the end of the line follows a label; labels are separated by commas and end with }.'],
    ['a{x="1} 1', 'Line 2: a quoted text does not end; close it with ".'],
    ['a{x} 1', 'Line 2: a label has no value; write it like name="value".'],
    ['a{x="1",x="2"} 1', 'Line 2: the label x appears twice; name it once.'],
    ['a one', 'Line 2: "one" is no number; a value is like 1, 2.5e3, +Inf or NaN.'],
    ['a 1 soon', 'Line 2: "soon" is no time; a timestamp is a number like 1700000000.'],
    ['a 1 2 3', 'Line 2: "3" follows the timestamp; a line ends with it.'],
    ['<!doctype html>', 'Line 2: "<!doctype html>" is no name; names begin with a letter, _ or :.'],
    ['{x="1"} 1', 'Line 2: a name is missing before {; write it like a{b="c"} 1, or quoted like {"a",b="c"} 1.'],
  ])('says what is wrong with %s, and where', (line, message) => {
    expect(() => read('b 1', line, 'c 1')).toThrow(message)
  })

  it('refuses more samples, metrics and labels than are read', () => {
    const many = (count: number, line: (n: number) => string) => () =>
      read(...Array.from({ length: count }, (_none, n) => line(n)))
    expect(many(50_000, (n) => `a{b="${n}"} 1`)).not.toThrow()
    expect(many(50_001, () => 'a 1')).toThrow('It has more than 50000 samples, which is the most that is read.')
    expect(many(10_000, (n) => `# TYPE a${n} gauge`)).not.toThrow()
    expect(many(10_001, (n) => `# TYPE a${n} gauge`)).toThrow(ExpositionTooLargeError)
    const labels = (count: number) => Array.from({ length: count }, (_none, n) => `l${n}="1"`).join(',')
    expect(() => read(`a{${labels(64)}} 1`)).not.toThrow()
    expect(() => read(`a{${labels(65)}} 1`)).toThrow('Line 1: a sample has more than 64 labels')
  })
})
