import { SAMPLE_COLUMNS, SAMPLE_INPUT, SAMPLE_PARAMETERS, SAMPLE_VALUES } from './sample-columns.ts'

/**
 * The statement that stores samples: one, autocommitted. A head moves only when it is exactly before the first row of
 * its deployment and the deployment is being recorded; its row lock orders this against pause and delete, which write
 * the same row. Rows whose head did not move are not stored. So a retry after an unknown outcome stores nothing twice.
 *
 * A head that is locked is left out instead of waited for: whoever holds it may have vanished from the network in the
 * middle of its transaction, and would hold up the samples of all others. It comes back without a sequence.
 *
 * @param effects SQL by kind of effect, as `SampleStore` is given it
 */
export function storeStatement(effects: Readonly<Record<string, string>>): string {
  const at = SAMPLE_PARAMETERS
  const effectSteps = Object.entries(effects).map(([kind, statement]) => `, "${kind}" as (${statement})`)
  const effectRows = `, effects as (
    select e.* from unnest($${at + 1}::int[], $${at + 2}::text[], $${at + 3}::jsonb[]) as e(deployment_key, kind, data)
      join moved using (deployment_key))`
  return `
    with input as (
      select * from ${SAMPLE_INPUT}
    ), logs as (
      select "deploymentKey" as deployment_key, min(sequence) as first_sequence, max(sequence) as last_sequence,
        min("windowStartMs") as first_window_start_ms, max("windowStartMs" + "windowMs") as last_window_end_ms
      from input group by "deploymentKey"
    ), free as (
      select deployment_key from sample_heads where deployment_key in (select deployment_key from logs)
      for update skip locked
    ), moved as (
      update sample_heads h set sequence = l.last_sequence, last_window_end = to_timestamp(l.last_window_end_ms / 1000)
      from logs l join free using (deployment_key)
      where h.deployment_key = l.deployment_key and h.sequence = l.first_sequence - 1
        and h.recording_since <= to_timestamp(l.first_window_start_ms / 1000)
      returning h.deployment_key
    )${effectSteps.length > 0 ? effectRows + effectSteps.join('') : ''}, stored as (
      insert into samples (${SAMPLE_COLUMNS})
      select ${SAMPLE_VALUES} from input i join moved on moved.deployment_key = i."deploymentKey"
      returning deployment_key, sequence
    )
    select deployment_key, sequence from stored
    union all
    select deployment_key, null from sample_heads
      where deployment_key in (select deployment_key from logs except select deployment_key from free)`
}
