import { readFile, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type as systemType } from 'node:os'
import { createTestDatabase } from '@gaugeline/prisma/testing'
import { pageWith } from './page.ts'
import { aligned, type Section, VERDICT_COLUMNS, verdictRow } from './section.ts'
import { databaseKind } from './servers.ts'

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url)

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

/** Writes these sections into docs/benchmarks.md. */
export async function writeReport(sections: readonly Section[]): Promise<void> {
  await writeFile(PAGE, pageWith(await readFile(PAGE, 'utf8'), sections, await circumstances()))
}

/** When, where and with what it was measured, in a sentence. */
async function circumstances(): Promise<string> {
  const { version } = readJson('../package.json')
  const machine =
    `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ` +
    `${systemType()} ${release().split('.', 2).join('.')}`
  return (
    `Measured on ${new Date().toISOString().slice(0, 10)} with Gaugeline ${String(version)}, Node.js ${process.version} ` +
    `and ${await databaseVersion()} on ${machine}; references: ${referenceVersions()}.`
  )
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
