import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Family } from '../src/recording/sources/scraping/exposition.ts'
import { parseExposition } from '../src/recording/sources/scraping/parse-exposition.ts'

const folder = fileURLToPath(new URL('../../../shared/data/expositions/', import.meta.url))
export const isAbsent = !existsSync(folder)
export const absent = isAbsent ? ' (skipped: ../shared/data/expositions is absent)' : ''

/** What a real server exposed. */
export function exposition(file: string): string {
  return readFileSync(`${folder}${file}`, 'utf8')
}

/**
 * Adds to the values of an exposition. A step is named by the sample and, after spaces, by labels that tell it from
 * others, as `vllm:request_success_total finished_reason="length"`; it must be one line.
 */
export function moved(text: string, steps: Readonly<Record<string, number>>): string {
  let lines = text.split('\n')
  for (const [step, by] of Object.entries(steps)) {
    const at = lineOf(lines, step)
    lines = lines.with(
      at,
      withValue(lines[at] ?? '', (value) => value + by),
    )
  }
  return lines.join('\n')
}

/** As `moved`, but the values are those that are given. */
export function replaced(text: string, values: Readonly<Record<string, string>>): string {
  let lines = text.split('\n')
  for (const [step, value] of Object.entries(values)) {
    const at = lineOf(lines, step)
    lines = lines.with(at, (lines[at] ?? '').replace(/\S+$/, value))
  }
  return lines.join('\n')
}

/** Counts values into a histogram of an exposition, as a server does: in each bucket that is not below them. */
export function observed(text: string, histogram: string, values: readonly number[]): string {
  const [family = '', ...labels] = histogram.split(' ')
  const isOf = (line: string, suffix: string) => isSample(line, [`${family}${suffix}`, ...labels])
  return text
    .split('\n')
    .map((line) => {
      const le = /le="([^"]+)"/.exec(line)?.[1]
      if (le !== undefined && (isOf(line, '_bucket') || isOf(line, ''))) {
        const bound = le === '+Inf' ? Infinity : Number(le)
        return withValue(line, (value) => value + values.filter((one) => one <= bound).length)
      }
      if (isOf(line, '_count')) return withValue(line, (value) => value + values.length)
      return isOf(line, '_sum') ? withValue(line, (value) => value + values.reduce((sum, one) => sum + one, 0)) : line
    })
    .join('\n')
}

function isSample(line: string, [name = '', ...labels]: readonly string[]): boolean {
  const isNamed = line.startsWith(`${name}{`) || line.startsWith(`${name} `)
  return isNamed && labels.every((label) => line.includes(label))
}

function lineOf(lines: readonly string[], step: string): number {
  const found = [...lines.keys()].filter((at) => isSample(lines[at] ?? '', step.split(' ')))
  const [at] = found
  if (found.length !== 1 || at === undefined) throw new Error(`${step} is ${found.length} lines.`)
  return at
}

function withValue(line: string, change: (value: number) => number): string {
  return line.replace(/\S+$/, (value) => `${change(Number(value))}`)
}

/** The families of an exposition in the text format. */
export const familiesIn = (text: string): Family[] => parseExposition(text, 'text')

/** A histogram with the buckets `[le, cumulative count]`. */
export function histogram(
  name: string,
  labels: string,
  buckets: readonly (readonly [string, number])[],
  sum: number,
): string {
  const inside = (le: string) => [labels, `le="${le}"`].filter((part) => part !== '').join(',')
  const count = buckets.at(-1)?.[1] ?? 0
  return [
    ...buckets.map(([le, upTo]) => `${name}_bucket{${inside(le)}} ${upTo}`),
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${count}`,
  ].join('\n')
}
