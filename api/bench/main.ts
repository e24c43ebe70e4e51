// npm run bench: Gaugeline beside its references, as a table.
//   npm run bench                     everything, written to docs/benchmarks.md
//   npm run bench -- fanout storm     these parts only, printed
//   npm run bench -- http --write     these parts only, and their sections of the page are written anew
//   npm run bench -- http --alone     Gaugeline without its references, printed
//   npm run bench -- --quick          as short as can be: whether it works, not how fast it is
import { parseArgs } from 'node:util'
import { install } from '../../scripts/install.mjs'
import { fanout } from './parts/fanout.ts'
import { history } from './parts/history.ts'
import { http } from './parts/http.ts'
import { many } from './parts/many.ts'
import { recording } from './parts/recording.ts'
import { reporting } from './parts/reporting.ts'
import { scraping } from './parts/scraping.ts'
import { sources } from './parts/sources.ts'
import { sse } from './parts/sse.ts'
import { stalled } from './parts/stalled.ts'
import { storm } from './parts/storm.ts'
import { printed, writeReport } from './report.ts'
import type { Run } from './rounds.ts'
import type { Section } from './section.ts'

const PARTS = { fanout, sse, many, stalled, storm, http, history, recording, scraping, reporting, sources }
const ROUNDS = 3

async function main(): Promise<void> {
  const flag = { type: 'boolean', default: false } as const
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: flag, alone: flag, write: flag },
  })
  const { quick, alone, write } = values
  const unknown = positionals.filter((name) => !Object.hasOwn(PARTS, name))
  if (unknown.length > 0) throw new Error(`No part is named ${unknown.join(', ')}: ${Object.keys(PARTS).join(', ')}.`)
  if (write && (quick || alone)) throw new Error('The page is written with the figures of whole runs only.')
  if (alone && positionals.join() !== 'http') throw new Error('Only http measures Gaugeline alone.')
  if (!alone) await install(import.meta.dirname)

  const run: Run = { quick, alone, rounds: quick ? 1 : ROUNDS, log: (line) => console.log(line) }
  const sections: Section[] = []
  for (const [name, part] of Object.entries(PARTS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    console.log(`${name}:`)
    const section = await part(run)
    console.log(`\n${printed(section)}\n`)
    sections.push(section)
  }
  if (write || (positionals.length === 0 && !quick)) await writeReport(sections)
  if (sections.some(({ faults }) => faults.length > 0)) process.exitCode = 1
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
