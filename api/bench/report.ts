import { writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type as systemType } from 'node:os'
import { createTestDatabase } from '@gaugeline/prisma/testing'
import { aligned, figure, isMet, type Section, type Verdict } from './section.ts'
import { databaseKind } from './servers.ts'

const REPORT = new URL('../../docs/benchmarks.md', import.meta.url)
const NOT_MEASURED = [
  'Networks: everything runs on one machine, over its loopback interface, without TLS and without a proxy.',
  'Other machines: the load generator, the database and the server share the cores named above. The ratios are more meaningful than the absolute figures.',
  'The CPU time of the database: only the CPU time of the server process is counted.',
  'Several servers and the Redis bus: the benchmark uses one server and the in-memory bus.',
  'Clients: the load generator parses and draws nothing.',
  'The other work of the references: they do not measure, store or number their samples, they have no cursors, and they check no tokens. They only deliver.',
]

/** A section as it is shown in a terminal. */
export function printed({ title, columns, rows, verdicts, faults, remarks }: Section): string {
  return [
    title,
    ...aligned([columns, ...rows]),
    '',
    ...aligned([VERDICT_COLUMNS, ...verdicts.map(verdictRow)]),
    ...faults.map((fault) => `FAULT ${fault}`),
    ...remarks,
  ].join('\n')
}

/** Writes docs/benchmarks.md. */
export async function writeReport(sections: readonly Section[]): Promise<void> {
  const { version } = readJson('../package.json')
  const lines = [
    '# Benchmarks',
    '',
    '`npm run bench` generates this page; do not edit it. Gaugeline runs as it is released, in a separate process. The ' +
      'reference servers run on the same machine, in rounds that alternate with those of Gaugeline. The figures are ' +
      'medians of the rounds.',
    '',
    ...bullets([
      `Date: ${new Date().toISOString().slice(0, 10)}`,
      `Machine: ${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ` +
        `${systemType()} ${release().split('.', 2).join('.')}`,
      `Node.js ${process.version}, Gaugeline ${String(version)}, ${await databaseVersion()}`,
      `References: ${referenceVersions()}`,
    ]),
    '',
    '## Targets and results',
    '',
    ...table([VERDICT_COLUMNS, ...sections.flatMap(({ verdicts }) => verdicts.map(verdictRow))]),
    '',
    ...sections.flatMap(({ title, about, columns, rows, faults, remarks }) => [
      `## ${title}`,
      '',
      about,
      '',
      ...table([columns, ...rows]),
      '',
      ...bullets([...faults, ...remarks]),
      '',
    ]),
    '## What is not measured',
    '',
    ...bullets(NOT_MEASURED),
  ]
  await writeFile(REPORT, `${lines.join('\n').replaceAll(/\n{3,}/g, '\n\n')}\n`)
}

const VERDICT_COLUMNS = ['what', 'found', 'at most', 'met']

function verdictRow(verdict: Verdict): string[] {
  const { what, value, target, unit } = verdict
  return [what, `${figure(value)} ${unit}`, `${figure(target)} ${unit}`, isMet(verdict) ? 'yes' : 'no']
}

function table(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...rest] = rows
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_cell, at) => (at === 0 ? '---' : '---:'))), ...rest.map(line)]
}

function bullets(lines: readonly string[]): string[] {
  return lines.map((line) => `- ${line.replaceAll('\n', ' ')}`)
}

async function databaseVersion(): Promise<string> {
  const kind = await databaseKind()
  await using database = await createTestDatabase(kind)
  const { rows } = await database.pool.query<{ server_version: string }>('SHOW server_version')
  return `PostgreSQL ${rows[0]?.server_version.split(' ', 1)[0]}${kind === 'embedded' ? ' (embedded)' : ''}`
}

function referenceVersions(): string {
  const { dependencies } = readJson('package.json')
  const versions = Object.entries(dependencies as Record<string, string>)
  return versions.map(([name, version]) => `${name} ${version}`).join(', ')
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<string, unknown>
}
