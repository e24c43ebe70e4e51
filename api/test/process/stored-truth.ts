import type { Database } from '@gaugeline/prisma'
import { expect } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { FOLLOW_EVENTS, FOLLOW_SAMPLES, sequenceOf } from './documents.ts'
import { LogSubscriber, persistentClient, type Received } from './log-subscriber.ts'
import { type MutationWriters, UNCOUNTED_NOTES } from './mutation-writers.ts'
import { ADMIN_TOKEN } from './server-process.ts'

/** Each row is a log that breaks the rules: sequences 1 to its head, window starts strictly increasing. */
const BROKEN_SAMPLE_LOGS = `
  with steps as (
    select deployment_key, sequence, window_start, window_ms,
      sequence - lag(sequence, 1, 0::bigint) over w as step,
      window_start >= lag(window_start + window_ms * interval '1 ms', 1, '-infinity') over w as follows
    from samples window w as (partition by deployment_key order by sequence)
  )
  select h.deployment_key, h.sequence as head, count(s.sequence) as samples, min(s.sequence) as first,
    max(s.sequence) as last, count(*) filter (where s.step <> 1) as holes,
    count(*) filter (where not s.follows) as overlaps
  from sample_heads h left join steps s using (deployment_key)
  group by h.deployment_key, h.sequence, h.last_window_end
  having count(s.sequence) <> h.sequence or coalesce(min(s.sequence), 1) <> 1
    or coalesce(max(s.sequence), 0) <> h.sequence or count(*) filter (where s.step <> 1) > 0
    or count(*) filter (where not s.follows) > 0
    or h.last_window_end is distinct from max(s.window_start + s.window_ms * interval '1 ms')`

/** Each row is a deployment that was changed by half. */
const HALF_CHANGED = `
  select d.id, d.status, e.kind, h.recording_since from deployments d
  left join sample_heads h on h.deployment_key = d.key
  left join lateral (
    select kind from deployment_events where deployment_id = d.id order by sequence desc limit 1
  ) e on true
  where case d.status when 'ACTIVE' then e.kind not in ('DEPLOYED', 'RESUMED') or h.recording_since is null
    else e.kind <> 'PAUSED' or h.recording_since is not null end is not false`

/** Checks the database itself: every acknowledged write is there once, nothing is half done, logs have no hole. */
export async function expectStoredTruth({ pool }: Database, writers: MutationWriters): Promise<void> {
  const texts = async (query: string, values: unknown[] = []) =>
    (await pool.query<{ text: string }>(query, values)).rows.map(({ text }) => text)
  const jobs = await texts('select name as text from training_jobs')
  const events = await texts('select note as text from deployment_events where note <> all($1)', [UNCOUNTED_NOTES])
  const found = [...jobs, ...events]
  expect(found.length).toBe(new Set(found).size)
  const missing = writers.acknowledged.filter(({ text }) => !found.includes(text))
  expect(missing).toEqual([])
  const promised = new Set(writers.acknowledged.map(({ text }) => text))
  expect(found.filter((text) => !promised.has(text) && !writers.unknown.has(text))).toEqual([])

  expect((await pool.query(BROKEN_SAMPLE_LOGS)).rows).toEqual([])
  expect((await pool.query(HALF_CHANGED)).rows).toEqual([])
  const { rows: numbered } = await pool.query(
    `select (select count(*) from deployment_events) = last_sequence and
      (select coalesce(max(sequence), 0) from deployment_events) = last_sequence as contiguous from log_state`,
  )
  expect(numbered).toEqual([{ contiguous: true }])
  const { rows: versions } = await pool.query(
    `select m.name from models m left join deployments d on d.model_id = m.id group by m.id
      having count(d.id) <> m.deployment_count or coalesce(max(d.version_number), -1) <> m.deployment_count - 1`,
  )
  expect(versions).toEqual([])
}

/** Reads a whole sample log through the API, from its first sample to its head. The deployment must be paused. */
async function wholeSampleLog(origin: string, id: string): Promise<Received[]> {
  const api = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const endCursor = async (from: string, to: string | null) => {
    const { node } = await api.data<{ node: { metricsHistory: { endCursor: string } } }>(
      `query ($id: ID!, $from: DateTime!, $to: DateTime) { node(id: $id) { ... on Deployment {
        metricsHistory(from: $from, to: $to) { endCursor } } } }`,
      { id, from, to },
    )
    return node.metricsHistory.endCursor
  }
  const after = await endCursor('2000-01-01T00:00:00Z', '2000-01-02T00:00:00Z')
  const head = sequenceOf(await endCursor('2020-01-01T00:00:00Z', null))
  return await readLog(origin, FOLLOW_SAMPLES, { id, after }, head)
}

async function readLog(
  origin: string,
  query: string,
  variables: Record<string, unknown>,
  count: number,
): Promise<Received[]> {
  const client = persistentClient(() => origin)
  const reader = new LogSubscriber(client, query, variables)
  await reader.reaches(count)
  reader.stop()
  await client.dispose()
  expect(reader.faults).toEqual([])
  return reader.received
}

/** What each subscriber received over all the kills is exactly what the store returns now. */
export async function expectDelivered(
  origin: string,
  samples: ReadonlyMap<string, LogSubscriber[]>,
  events: LogSubscriber,
): Promise<void> {
  for (const [id, subscribers] of samples) {
    const stored = await wholeSampleLog(origin, id)
    expect(stored[0]?.sequence).toBe(1)
    for (const subscriber of subscribers) expectPartOf(stored, subscriber)
  }
  const api = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const { deploymentEvents } = await api.data<{ deploymentEvents: { edges: { node: { cursor: string } }[] } }>(
    '{ deploymentEvents(first: 1) { edges { node { cursor } } } }',
  )
  const [newest] = deploymentEvents.edges
  const first = events.received[0]
  if (newest === undefined || first === undefined) throw new Error('There are events.')
  const count = sequenceOf(newest.node.cursor) - first.sequence
  const stored = await readLog(origin, FOLLOW_EVENTS, { after: first.cursor }, count)
  expectPartOf([first, ...stored], events)
}

function expectPartOf(stored: Received[], { received, faults }: LogSubscriber): void {
  expect(faults).toEqual([])
  expect(received.length).toBeGreaterThan(0)
  const offset = (received[0]?.sequence ?? 0) - (stored[0]?.sequence ?? 0)
  expect(stored.slice(offset, offset + received.length)).toEqual(received)
}
