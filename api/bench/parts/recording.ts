import { type TestDatabaseKind, testDatabaseKinds } from '@gaugeline/prisma/testing'
import pg from 'pg'
import { interleaved, type Measured, medianOf, pause, type Run } from '../rounds.ts'
import { figure, type Section } from '../section.ts'
import { gaugeline } from '../servers.ts'

interface Contestant {
  name: string
  database: TestDatabaseKind
  deployments: number
}

interface Recorded {
  /** Of one core, in percent. */
  cpuPercent: number
  statementsPerSecond: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  /** Of what is stored, indexes included; undefined where nobody else can look into the database. */
  bytes: StoredBytes | undefined
  /** Deployments whose newest sample is late. */
  late: number
}

interface StoredBytes {
  perSample: number
  perMergedWindow: number
}

const INTERVAL_MS = 1000
const DAY_MS = 86_400_000
const MONTH_MS = 30 * DAY_MS
/** What is kept by default, milliseconds by the length of the windows. */
const KEPT: [resolutionMs: number, keepMs: number][] = [
  [10_000, 3 * DAY_MS],
  [60_000, 30 * DAY_MS],
  [600_000, 180 * DAY_MS],
  [3_600_000, 730 * DAY_MS],
]

/** What it costs to record, with resolutions and retention, while nobody looks. */
export async function recording(run: Run): Promise<Section> {
  const kinds = await testDatabaseKinds()
  const contestants = [
    { name: 'PostgreSQL', database: 'postgres' as const, deployments: run.quick ? 20 : 1000 },
    { name: 'embedded', database: 'embedded' as const, deployments: run.quick ? 20 : 200 },
  ]
    .filter(({ database }) => kinds.includes(database))
    .map((each): Contestant => ({ ...each, name: `${each.deployments} deployments, ${each.name}` }))
  const measured = await interleaved(run, contestants, (each) => measure(each, run.quick))
  return {
    title: 'Recording',
    about:
      `Active deployments with one sample a second each, 80 requests in it, stored and merged into longer windows. The ` +
      `lateness is from the end of a window until its samples are stored. A month: what one deployment takes that ` +
      `has recorded for 30 days with the default retention (24 hours of samples), from the bytes of one row.`,
    columns: [
      'Gaugeline',
      'CPU, % of a core',
      'statements/s',
      'late p50, ms',
      'late p99, ms',
      'late max, ms',
      'bytes a sample',
      'MB a deployment-month',
    ],
    rows: measured.map(rowOf),
    verdicts: measured
      .filter(({ measurements }, at) => contestants[at]?.database === 'postgres' && measurements.length > 0)
      .map(({ name, measurements }) => ({
        what: `CPU of the server, ${name}`,
        value: medianOf(measurements, ({ cpuPercent }) => cpuPercent),
        target: 25,
        unit: '% of a core',
      })),
    faults: measured.flatMap(({ name, measurements, failures }) => [
      ...failures.map((failure) => `${name}: ${failure}`),
      ...measurements
        .filter(({ late }) => late > 0)
        .map(({ late }) => `${name}: ${late} deployments were recorded late`),
    ]),
    remarks: [],
  }
}

function rowOf({ name, measurements }: Measured<Recorded>): string[] {
  const shown = (value: (each: Recorded) => number) => figure(medianOf(measurements, value))
  return [
    name,
    shown(({ cpuPercent }) => cpuPercent),
    shown(({ statementsPerSecond }) => statementsPerSecond),
    shown(({ p50Ms }) => p50Ms),
    shown(({ p99Ms }) => p99Ms),
    shown(({ maxMs }) => maxMs),
    shown(({ bytes }) => bytes?.perSample ?? NaN),
    shown(({ bytes }) => (bytes === undefined ? NaN : monthOf(bytes) / 1e6)),
  ]
}

function monthOf({ perSample, perMergedWindow }: StoredBytes): number {
  const samples = (DAY_MS / INTERVAL_MS) * perSample
  return KEPT.reduce(
    (bytes, [resolutionMs, keepMs]) => bytes + (Math.min(keepMs, MONTH_MS) / resolutionMs) * perMergedWindow,
    samples,
  )
}

async function measure({ database, deployments }: Contestant, quick: boolean): Promise<Recorded> {
  await using server = await gaugeline({ intervalMs: INTERVAL_MS, deployments, database })
  // The code that is used all the time is compiled, and the first longer windows are closed.
  await pause(quick ? 1000 : 15_000)
  const before = await server.process.figures()
  const startedMs = performance.now()
  await server.process.watch()
  await pause(quick ? 3000 : 60_000)
  const { statements, stored } = await server.process.watched()
  const seconds = (performance.now() - startedMs) / 1000
  const after = await server.process.figures()
  const sorted = stored.toSorted((a, b) => a.latenessMs - b.latenessMs)
  const newest = sorted.at(-1)
  if (newest === undefined) throw new Error('nothing was recorded')
  return {
    cpuPercent: (after.cpuMs - before.cpuMs) / seconds / 10,
    statementsPerSecond: statements / seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    maxMs: newest.latenessMs,
    ...(server.databaseUrl === undefined ? { bytes: undefined, late: 0 } : await lookInto(server.databaseUrl)),
  }
}

/** Each sample counts as late as the statement that stored it. */
function quantile(sorted: readonly { latenessMs: number; samples: number }[], q: number): number {
  const samples = sorted.reduce((sum, each) => sum + each.samples, 0)
  let seen = 0
  return sorted.find((each) => (seen += each.samples) >= q * samples)?.latenessMs ?? NaN
}

async function lookInto(connectionString: string): Promise<{ bytes: StoredBytes; late: number }> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const bytesOf = async (table: string) => {
      const { rows } = await client.query<{ bytes: number }>(
        `select (select sum(pg_total_relation_size(relid)) from pg_partition_tree('${table}') where isleaf)::float8
            / nullif(count(*), 0) as bytes from ${table}`,
      )
      return rows[0]?.bytes ?? NaN
    }
    const { rows } = await client.query<{ late: number }>(
      `select count(*)::int as late from sample_heads
        where recording_since is not null and (last_window_end is null or last_window_end < now() - interval '10 s')`,
    )
    return {
      bytes: { perSample: await bytesOf('samples'), perMergedWindow: await bytesOf('merged_windows') },
      late: rows[0]?.late ?? 0,
    }
  } finally {
    await client.end()
  }
}
