import { expect, it } from 'vitest'
import { pageWith } from '../bench/page.ts'
import type { Section } from '../bench/section.ts'

const sectionOf = (title: string, value: number): Section => ({
  title,
  about: `How ${title} was measured.`,
  columns: ['server', 'CPU'],
  rows: [['Gaugeline', String(value)]],
  verdicts: [{ what: `${title} to the best`, value, target: 2, unit: '×' }],
  faults: [],
  remarks: ['Said of it.'],
})

it('a part that is measured alone rewrites its own section and its results, and nothing else', () => {
  const page = pageWith('', [sectionOf('Fan-out', 1), sectionOf('Queries', 3)], 'Measured on Monday.')
  const later = pageWith(page, [sectionOf('Queries', 1.5)], 'Measured on Tuesday.')

  const changed = page.split('\n').flatMap((line, at) => {
    const now = later.split('\n')[at]
    return now === line ? [] : [[line, now]]
  })
  expect(changed).toEqual([
    ['| Queries to the best | 3.00 × | 2.00 × | no |', '| Queries to the best | 1.50 × | 2.00 × | yes |'],
    ['Measured on Monday.', 'Measured on Tuesday.'],
    ['| Gaugeline | 3 |', '| Gaugeline | 1.5 |'],
    ['| Queries to the best | 3.00 × | 2.00 × | no |', '| Queries to the best | 1.50 × | 2.00 × | yes |'],
  ])
  expect(later).toContain('| Fan-out to the best | 1.00 × | 2.00 × | yes |\n| Queries to the best | 1.50 ×')
  expect(pageWith(later, [], '')).toBe(later)
})
