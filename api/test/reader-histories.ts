import pg from 'pg'
import { encodeId } from '../src/graphql/ids.ts'
import type { Sizes } from './reader-statements.ts'
import { uuid } from './row-seeds.ts'

/** How long merged windows are, and for how many hours the newest deployments, their models and the fleet have them. */
const MERGED = [
  { seconds: 10, hours: 6, series: 'd.key' },
  { seconds: 60, hours: 24, series: 'd.key, -m.key, 0' },
  { seconds: 600, hours: 240, series: 'd.key, -m.key, 0' },
  { seconds: 3600, hours: 720, series: 'd.key, -m.key, 0' },
  { seconds: 86_400, hours: 8760, series: 'd.key, -m.key, 0' },
]

export async function fillMerged(client: pg.Client, size: Sizes, latency: Buffer): Promise<void> {
  const newest = `deployments d join models m on m.id = d.model_id
    where d.version_number > ${size.deployments - size.recorded}`
  for (const { seconds, hours, series } of MERGED) {
    // Instead of the empty ones that the server has made for the next hours.
    const { rows } = await client.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'merged_windows'::regclass and c.relname like 'merged_windows_${seconds * 1000}_%'`,
    )
    for (const { name } of rows) await client.query(`drop table ${pg.escapeIdentifier(name)}`)
    await client.query(`create table merged_windows_${seconds * 1000}_all partition of merged_windows
      for values from (${seconds * 1000}, '2000-01-01') to (${seconds * 1000}, '2100-01-01')`)
    await client.query(
      `insert into merged_windows (series, resolution_ms, window_start, covered_ms, first_sequence, last_sequence, requests,
          errors, latency_sum_ms, latency_max_ms, latency, sources)
        select s, ${seconds * 1000}, to_timestamp((floor(extract(epoch from now()) / ${seconds}) - n) * ${seconds}),
          ${seconds * 1000}, case when s > 0 then 1 end, case when s > 0 then 1 end, 200, 1, 60000, 1020, $1, '{"SIMULATED": 200}'
        from (select distinct s from ${newest.replace('where', 'cross join lateral unnest(array[SERIES]) s where').replace('SERIES', series)}) x,
          generate_series(1, ${(hours * 3600) / seconds}) n`,
      [latency],
    )
    await client.query(`insert into resolution_heads (deployment_key, resolution_ms, model_key, merged_through, sequence)
      select d.key, ${seconds * 1000}, m.key, to_timestamp(floor(extract(epoch from now()) / ${seconds}) * ${seconds}), 1
      from deployments d join models m on m.id = d.model_id where d.status = 'ACTIVE' on conflict do nothing`)
  }
}

/** What a reader can ask of the past: each kind, for a few minutes, a day and a month. */
export function histories(size: Sizes): [what: string, field: string, hours: number][] {
  const deployment = encodeId('Deployment', uuid(3, size.deployments))
  const of = 'maxPoints: 300, from: $from) { summary { requests } points { requests } }'
  const fields = [
    ['the history of a deployment', `{ deployment(id: "${deployment}") { metricsHistory(${of} } }`],
    ['the history of a model', `{ deployment(id: "${deployment}") { model { metricsHistory(${of} } } }`],
    ['the history of the fleet', `{ fleetMetricsHistory(${of} }`],
    ['a filtered history', `{ fleetMetricsHistory(filter: { labels: [{ key: "team", value: "search" }] }, ${of} }`],
  ] as const
  return fields.flatMap(([what, field]) =>
    [0.05, 24, 720].map((hours): [string, string, number] => [what, field, hours]),
  )
}
