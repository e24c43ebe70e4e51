import { createTestDatabase } from '@gaugeline/prisma/testing'
import { createTestDeps } from '../test/create-test-deps.ts'
import { fillHistory } from './history-rows.ts'
const kind = process.argv[2] as 'postgres'
const database = await createTestDatabase(kind)
const deps = await createTestDeps(database)
await fillHistory(database, deps.recordingClock.now())
const now = deps.recordingClock.now(), D=86_400_000
const h = deps.services.metricsHistory
async function t(what: string, f: () => Promise<unknown>) {
  const ts: number[] = [], cs: number[]=[]
  for (let i=0;i<15;i++){ const c=process.cpuUsage(); const s=performance.now(); await f(); ts.push(performance.now()-s); const d=process.cpuUsage(c); cs.push((d.user+d.system)/1000)}
  ts.sort((a,b)=>a-b); cs.sort((a,b)=>a-b)
  console.log(what, 'wall min/med', ts[0]!.toFixed(1), ts[7]!.toFixed(1), 'cpu min/med', cs[0]!.toFixed(1), cs[7]!.toFixed(1))
}
const q = async (sql: string, v: unknown[]) => await database.pool.query(sql, v)
await t('sql 1440 rows', () => q('select * from merged_windows where series=1 and resolution_ms=60000 and window_start >= $1 order by window_start', [new Date(now-D)]))
await t('sql 1440 rows no latency', () => q('select series,window_start,covered_ms,requests from merged_windows where series=1 and resolution_ms=60000 and window_start >= $1 order by window_start', [new Date(now-D)]))
await t('kept', () => (h as any) && deps.services.metricsHistory.ofDeployment(1, {fromMs: now-60_000, toMs: now, maxPoints: 1}))
await t('day', () => h.ofDeployment(1, {fromMs: now-D, maxPoints: 300}))
await t('30d', () => h.ofDeployment(1, {fromMs: now-30*D, maxPoints: 300}))
await t('year', () => h.ofFleet(async()=>[], {fromMs: now-365*D, maxPoints: 300}))
const { rows } = await database.pool.query('select resolution_ms, series=0 as fleet, avg(length(latency)) as bytes, count(*) from merged_windows group by 1,2 order by 1')
console.log(rows)
await database[Symbol.asyncDispose]()
process.exit(0)
