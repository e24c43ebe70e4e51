import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as limits from '../src/base/limits.ts'

const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')
/** As the page writes it. */
const shown = (value: number) => value.toLocaleString('en-US')

describe('docs/limits.md', () => {
  it.each(Object.entries(limits.DOCUMENT_LIMITS))('says how many %s a document may have', (name, max) => {
    expect(page).toContain(`| \`${name}\` | ${shown(max)} |`)
  })

  it.each(Object.entries(limits.BUDGETS))('says the budget for %s', (name, { capacity, perSecond }) => {
    expect(page).toContain(`| \`${name}\` | ${shown(capacity)} | ${shown(perSecond)} |`)
  })

  it.each(Object.entries(limits.CALLS))('says how many %s may run at once and wait', (name, { atOnce, waiting }) => {
    expect(page).toContain(`| \`${name}\` | ${atOnce} | ${shown(waiting)} |`)
  })

  it.each(
    Object.entries(limits).filter((entry): entry is [string, number] & typeof entry => typeof entry[1] === 'number'),
  )('says %s', (_name, value) => {
    expect(page).toMatch(new RegExp(`(?<![\\d,])${shown(value)}(?![\\d,])`))
  })

  it.each(Object.entries(limits.QUOTAS))('says the quota for %s', (name, max) => {
    const setting = `MAX_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`
    expect(page).toMatch(new RegExp(`\\| ${shown(max)}[^|]* \\| \`${setting}\` \\|`))
  })

  it('says how much one socket may send', () => {
    const { capacity, perSecond } = limits.SOCKET_MESSAGES
    expect(page).toContain(`${capacity} at once, ${perSecond} every second`)
  })
})
