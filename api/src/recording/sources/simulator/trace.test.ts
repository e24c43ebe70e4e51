import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TraceError, loadTrace } from './trace.ts'

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens'
const ROWS = [
  '2023-11-16 18:15:46.6805900,374,44',
  '2023-11-16 18:15:50.9951690,396,109',
  '2023-11-16 18:15:51.2224670,879,55',
]

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeline-trace-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function written(content: string | Uint8Array, name = 'trace.csv'): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function faultOf(path: string): TraceError {
  try {
    loadTrace(path)
  } catch (error) {
    if (error instanceof TraceError) return error
    throw error
  }
  throw new Error('The trace was accepted.')
}

describe('a recording', () => {
  it('is read to the last of its seven digits', () => {
    const trace = loadTrace(written([HEADER, ...ROWS].join('\n')))
    expect([...trace.arrivalTicks]).toEqual([0, 43_145_790, 45_418_770])
    expect([...trace.promptTokens]).toEqual([374, 396, 879])
    expect([...trace.generatedTokens]).toEqual([44, 109, 55])
    // 4541.877 ms and half of that again are 6812.8155 ms.
    expect(trace.periodTicks).toBe(6_813 * 10_000)
  })

  it.each([
    ['a byte order mark', `\uFEFF${[HEADER, ...ROWS].join('\n')}`],
    ['CRLF', [HEADER, ...ROWS].join('\r\n')],
    ['a line break at the end', `${[HEADER, ...ROWS].join('\n')}\n`],
    ['CRLF, a mark and blank lines at the end', `\uFEFF${[HEADER, ...ROWS].join('\r\n')}\r\n\r\n\r\n`],
    ['T and Z in its times', [HEADER, ...ROWS.map((row) => row.replace(' ', 'T').replace(',', 'Z,'))].join('\n')],
    ['an offset of zero', [HEADER, ...ROWS.map((row) => row.replace(',', '+00:00,'))].join('\n')],
  ])('may have %s', (_, content) => {
    const plain = loadTrace(written([HEADER, ...ROWS].join('\n')))
    expect(loadTrace(written(content))).toEqual(plain)
  })

  it('may have requests at the same time, without tokens, over midnight and a leap day', () => {
    const rows = ['2024-02-28 23:59:59,0,0', '2024-02-28 23:59:59.0,10,20', '2024-02-29 00:00:00.5,1,0']
    const trace = loadTrace(written([HEADER, ...rows].join('\n')))
    expect([...trace.arrivalTicks]).toEqual([0, 0, 15_000_000])
    expect(trace.periodTicks).toBe(2_250 * 10_000)
  })
})

describe('a bad recording', () => {
  const after = (...rows: string[]): string => [HEADER, ...rows].join('\n')
  const cases: [what: string, content: string, line: number | null, reason: string][] = [
    ['an empty file', '', null, 'is empty'],
    ['blank lines only', '\n\r\n\n', null, 'is empty'],
    ['no header', ROWS.join('\n'), 1, `the header is "${ROWS[0]}", not "${HEADER}"`],
    ['another header', `time,a,b\n${ROWS.join('\n')}`, 1, `the header is "time,a,b", not "${HEADER}"`],
    ['a header alone', `${HEADER}\n`, null, 'has no requests, at least two are needed'],
    ['one request', after(ROWS[0]!), null, 'has one request, at least two are needed'],
    ['a field too few', after(ROWS[0]!, '2023-11-16 18:15:50,3'), 3, 'has 2 of 3 fields'],
    ['a field too many', after(ROWS[0]!, `${ROWS[1]},1`), 3, 'has 4 of 3 fields'],
    ['a blank line between', after(ROWS[0]!, '', ROWS[1]!), 3, 'has 1 of 3 fields'],
    [
      'times out of order',
      after(ROWS[0]!, ROWS[2]!, ROWS[1]!),
      4,
      '"2023-11-16 18:15:50.9951690" is earlier than the line before',
    ],
    ['negative tokens', after('2023-11-16 18:15:46,-1,44', ROWS[1]!), 2, 'ContextTokens is "-1", not a whole number'],
    ['half a token', after('2023-11-16 18:15:46,1,4.5', ROWS[1]!), 2, 'GeneratedTokens is "4.5", not a whole number'],
    ['no tokens given', after('2023-11-16 18:15:46,,4', ROWS[1]!), 2, 'ContextTokens is "", not a whole number'],
    ['tokens in words', after('2023-11-16 18:15:46,1e3,4', ROWS[1]!), 2, 'ContextTokens is "1e3", not a whole number'],
    [
      'huge tokens',
      after('2023-11-16 18:15:46,1,10000001', ROWS[1]!),
      2,
      'GeneratedTokens is "10000001", above 10000000',
    ],
    ['one time for all', after(ROWS[0]!, ROWS[0]!), null, 'has all its requests at the same time'],
    ['a span of years', after('1999-01-01 00:00:00,1,2', ROWS[0]!), null, 'spans more than 366 days'],
    [
      'requests too close together',
      after(...Array.from({ length: 100 }, (_, at) => `2023-11-16 18:15:46.${String(at).padStart(7, '0')},1,1`)),
      null,
      'has 100000 requests a second, more than 10000',
    ],
  ]

  it.each(cases)('is refused with file, line and reason: %s', (_, content, line, reason) => {
    const path = written(content, 'bad.csv')
    const fault = faultOf(path)
    expect(fault).toMatchObject({ path, line, reason })
    expect(fault.message).toBe(`${path}${line === null ? '' : `:${line}`}: ${reason}`)
  })

  it.each([
    ['no time', 'yesterday'],
    ['a day that is none', '2023-02-29 10:00:00'],
    ['a 24th hour', '2023-02-27 24:00:00'],
    ['a 25th hour', '2023-02-27 25:00:00'],
    ['a 60th minute', '2023-02-27 10:60:00'],
    ['a 13th month', '2023-13-27 10:00:00'],
    ['a 60th second', '2023-02-28 10:00:60'],
    ['eight digits', '2023-02-28 10:00:00.12345678'],
    ['another time zone', '2023-02-28 10:00:00+02:00'],
  ])('is refused for a time that is none: %s', (_, time) => {
    const { line, reason } = faultOf(written(after(`${time},1,2`, ROWS[1]!)))
    expect(line).toBe(2)
    expect(reason).toBe(`"${time}" is no time like 2023-11-16 18:15:46.6805900`)
  })

  it('is a path where there is nothing, or a directory', () => {
    const missing = join(folder, 'missing.csv')
    expect(faultOf(missing).message).toBe(`${missing}: does not exist`)
    mkdirSync(join(folder, 'directory'))
    expect(faultOf(join(folder, 'directory')).reason).toBe('is a directory')
    expect(faultOf('/dev/null').reason).toBe('is not a regular file')
    expect(faultOf(join(written('x', 'file'), 'below')).reason).toBe('cannot be read (ENOTDIR)')
    expect(faultOf('a\0b').reason).toBe('cannot be read (ERR_INVALID_ARG_VALUE)')
  })

  it('is refused in one line without control characters, however wild it is', () => {
    const wild = '2023\u0007\u2028\u202Eevil\u0085'
    const paths = [
      written(after(`${wild},1,2`, ROWS[0]!), 'wild\nname.csv'),
      written(`${wild.repeat(10_000)}\n1`),
      written(Uint8Array.from({ length: 4_096 }, (_, at) => (at * 7_919) % 256)),
    ]
    for (const path of paths) {
      const { message } = faultOf(path)
      expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      expect(message.length).toBeLessThan(path.length + 250)
    }
  })
})
