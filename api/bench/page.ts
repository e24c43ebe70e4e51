import { type Section, VERDICT_COLUMNS, verdictRow } from './section.ts'

const RESULTS = 'Targets and results'
const NOT_MEASURED = 'What is not measured'

const HEAD = `# Benchmarks

\`npm run bench\` generates this page, and \`npm run bench -- PART --write\` one section of it; do not edit it. Gaugeline runs as it is released, in a separate process. The reference servers run on the same machine, in rounds that alternate with those of Gaugeline. The figures are medians of the rounds.`

const NOT_MEASURED_LINES = [
  'Networks: everything runs on one machine, over its loopback interface, without TLS and without a proxy.',
  'Other machines: the load generator, the database and the server share the cores named above. The ratios are more meaningful than the absolute figures.',
  'The CPU time of the database, except for queries: elsewhere, only the CPU time of the server process is counted.',
  'Several servers and the Redis bus: the benchmark uses one server and the in-memory bus.',
  'Clients: the load generator parses and draws nothing.',
  'The other work of the references: they do not measure, store or number their samples, they have no cursors, and they check no tokens. They only deliver, or answer queries.',
]

/**
 * The page with these sections, each in the place of the one of its title or after all others. The results are those of
 * all sections.
 * @param page as it is; its other sections stay
 * @param circumstances of the measurement, a sentence
 */
export function pageWith(page: string, sections: readonly Section[], circumstances: string): string {
  const texts = new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n')).trim()]),
  )
  texts.delete(RESULTS)
  texts.delete(NOT_MEASURED)
  for (const section of sections) texts.set(section.title, textOf(section, circumstances))
  const head = rowText(VERDICT_COLUMNS)
  const results = [...texts.values()].flatMap((text) => {
    const lines = text.split('\n')
    const at = lines.indexOf(head)
    return at < 0 ? [] : lines.slice(at + 2).filter((line) => line.startsWith('|'))
  })
  const parts = [
    [RESULTS, [head, ruleOf(VERDICT_COLUMNS), ...results].join('\n')],
    ...texts,
    [NOT_MEASURED, bullets(NOT_MEASURED_LINES).join('\n')],
  ]
  return `${[HEAD, ...parts.map(([title, text]) => `## ${title}\n\n${text}`)].join('\n\n')}\n`
}

/** A section without its title; the results come last, where they are found again. */
function textOf({ about, columns, rows, verdicts, faults, remarks }: Section, circumstances: string): string {
  return [
    about,
    circumstances,
    columns.length > 0 ? table(columns, rows) : '',
    bullets([...faults, ...remarks]).join('\n'),
    verdicts.length > 0 ? table(VERDICT_COLUMNS, verdicts.map(verdictRow)) : '',
  ]
    .filter((paragraph) => paragraph !== '')
    .join('\n\n')
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [rowText(head), ruleOf(head), ...rows.map(rowText)].join('\n')

const rowText = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

const ruleOf = (head: readonly string[]) => rowText(head.map((_cell, at) => (at === 0 ? '---' : '---:')))

const bullets = (lines: readonly string[]) => lines.map((line) => `- ${line.replaceAll('\n', ' ')}`)
