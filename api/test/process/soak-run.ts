import { writeFileSync } from 'node:fs'
import { openDatabase } from '@gaugeline/prisma'
import { prepareTestDatabase } from '@gaugeline/prisma/testing'
import { ADMIN_TOKEN, type ServerProcess, settingsOf } from './server-process.ts'
import { median, rssMb, type ServerFigures, serverFigures } from './soak-figures.ts'

const EVERY_MS = 10_000
const PATIENCE_MS = 120_000
/** A median of ten minutes late in the run may be this much above that of minutes 10 to 20. */
export const MAX_GROWTH = 1.05
/** Shorter than this, both would cover the same minutes. */
const MIN_COMPARED_MINUTES = 30

interface Moment {
  minute: number
  rssMb: number
  heapMb: number
  externalMb: number
  cpuSeconds: number
}

export interface Observed {
  seconds: number
  /** At the end. */
  figures: ServerFigures
  cpuPercent: number
  memory: MemoryGrowth
}

interface MemoryGrowth {
  /** Of the last ten minutes to minutes 10 to 20; undefined where the run was too short to compare them. */
  ratio: number | undefined
  /** A line of a report. */
  line: string
}

export interface ObserveOptions {
  server: ServerProcess
  origin: string
  minutes: number
  /** A JSON file, rewritten at each moment, so that an aborted run leaves one too. */
  reportPath: string
  /** What the report says beside the moments. */
  report: () => object
  /** What each moment says beside memory and CPU. */
  moment?: () => Promise<object>
}

/** Looks at the server every ten seconds for so many minutes. */
export async function observe(options: ObserveOptions): Promise<Observed> {
  const { server, origin, minutes, reportPath, report, moment } = options
  const startedAt = performance.now()
  const startCpuSeconds = (await serverFigures(origin, ADMIN_TOKEN)).cpuSeconds
  const moments: Moment[] = []
  while (performance.now() - startedAt < minutes * 60_000) {
    await passes(EVERY_MS)
    const { heapMb, externalMb, cpuSeconds } = await serverFigures(origin, ADMIN_TOKEN)
    const minute = (performance.now() - startedAt) / 60_000
    moments.push({ minute, rssMb: rssMb(server.pid), heapMb, externalMb, cpuSeconds, ...(await moment?.()) })
    writeFileSync(reportPath, JSON.stringify({ minutes, origin, ...report(), moments }, null, 1))
  }
  const seconds = (performance.now() - startedAt) / 1000
  const figures = await serverFigures(origin, ADMIN_TOKEN)
  const cpuPercent = ((figures.cpuSeconds - startCpuSeconds) / seconds) * 100
  return { seconds, figures, cpuPercent, memory: memoryGrowth(moments, minutes) }
}

function memoryGrowth(moments: readonly Moment[], minutes: number): MemoryGrowth {
  const of = (from: number, to: number) =>
    median(moments.filter(({ minute }) => minute >= from && minute < to).map((moment) => moment.rssMb))
  const early = of(10, 20)
  const late = of(minutes - 10, Infinity)
  const ratio = minutes >= MIN_COMPARED_MINUTES ? late / early : undefined
  const compared =
    ratio === undefined
      ? `not compared: shorter than ${MIN_COMPARED_MINUTES} minutes`
      : `${early.toFixed(0)} MB in minutes 10 to 20: × ${ratio.toFixed(3)}`
  return { ratio, line: `memory: median ${late.toFixed(0)} MB in the last ten minutes, ${compared}` }
}

/** The database of a soak: the one at this address, or else an embedded one of its own. */
export async function soakDatabase(url: string | undefined): Promise<SoakDatabase> {
  if (url !== undefined) {
    return { name: 'PostgreSQL', settings: { DATABASE_URL: url, SEED: 'none' }, url, dataDir: '', ...nothingToDispose }
  }
  const database = await prepareTestDatabase('embedded')
  const dispose = async () => await database[Symbol.asyncDispose]()
  const { dataDir = '' } = database
  return { name: 'the embedded database', settings: settingsOf(database), url, dataDir, [Symbol.asyncDispose]: dispose }
}

const nothingToDispose = { [Symbol.asyncDispose]: async () => await Promise.resolve() }

export interface SoakDatabase extends AsyncDisposable {
  /** In words. */
  name: string
  /** Of a server on it. */
  settings: Record<string, string>
  url: string | undefined
  dataDir: string
}

/** Each row is a deployment of the soak whose windows are not stored one a window, from its first to its last. */
const INCOMPLETE = `
  select m.name, h.sequence, count(s.*) as samples, min(s.window_start) as first, max(s.window_start) as last
  from models m join deployments d on d.model_id = m.id join sample_heads h on h.deployment_key = d.key
  left join samples s on s.deployment_key = d.key
  where m.name like $1
  group by m.name, h.sequence
  having count(s.*) <> h.sequence or min(s.sequence) is distinct from 1 or max(s.sequence) is distinct from h.sequence
    or extract(epoch from max(s.window_start) - min(s.window_start)) * 1000 / $2 + 1 is distinct from count(s.*)`

/** How many deployments the models of this prefix have, and those that lack windows; once its server has ended. */
export async function storedWindows({ url, dataDir }: SoakDatabase, models: string, windowMs: number) {
  const { pool, close } = await openDatabase({ url, dataDir })
  try {
    const pattern = `${models}/%`
    const { rows } = await pool.query<{ count: number }>('select count(*) from models where name like $1', [pattern])
    const incomplete = await pool.query(INCOMPLETE, [pattern, windowMs])
    return { deployments: rows[0]?.count, incomplete: incomplete.rows as unknown[] }
  } finally {
    await close()
  }
}

/** Returns when the condition holds, or after a limit: the expectations that follow report what is wrong then. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const from = performance.now()
  while (!(await isSo()) && performance.now() - from < PATIENCE_MS) await passes(100)
}

export function passes(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
