import pg from 'pg'
import { expect, test } from 'vitest'
import { parameterOf, parseTime } from './values.ts'

const ofPg = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ) as (text: string) => Date

test.each([
  '2026-11-30 20:32:16+00',
  '2026-11-30 20:32:16.1+00',
  '2026-11-30 20:32:16.12+00',
  '2026-02-28 23:59:59.999+00',
  '1969-12-31 23:59:59.999+00',
  '0001-01-01 00:00:00+00',
  '0099-12-31 00:00:00.001+00',
  '12345-01-01 00:00:00+00',
  '0044-03-15 12:00:00+00 BC',
  '2026-11-30 20:32:16.123456+00',
  '2026-11-30 20:32:16+05:30',
  '2026-11-30 20:32:16-03',
])('the time %s is what pg reads', (text) => {
  expect(parseTime(text)).toEqual(ofPg(text))
})

test('parameters are written as PostgreSQL reads them', () => {
  expect([null, undefined, 1.5, 7n, true, 'a', new Date(0), { a: [1] }].map(parameterOf)).toEqual([
    null,
    null,
    '1.5',
    '7',
    'true',
    'a',
    '1970-01-01T00:00:00.000Z',
    '{"a":[1]}',
  ])
  expect(parameterOf(['a "b"', String.raw`c\d`, null, 'NULL', 1])).toBe(String.raw`{"a \"b\"","c\\d",NULL,"NULL","1"}`)
})
