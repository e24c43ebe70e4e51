import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { codeOf } from './database-start-error.ts'

// A file's identity began with the number of its device before; for one release that is still the same database.
const KNOWN_IDENTITY = String.raw`regexp_replace(log_state.identity, ' \d+:(\d+:\d*)$', ' \1')`

/**
 * The epoch of the logs in this database: kept as long as the database is the same, new when it was created, copied or
 * restored, so that a cursor of another history is refused. A restore can leave all of that as it was (a snapshot of a
 * disk, files that are copied over the present ones): cursors also name the entry at their position.
 *
 * @param fileIdentity distinguishes an embedded data folder from a copy of it; empty on a server
 */
export async function openEpoch(pool: pg.Pool, fileIdentity: string): Promise<string> {
  const identity = [await serverIdentity(pool), fileIdentity].filter(Boolean).join(' ')
  // One statement, so that of two servers starting at once both get the epoch of the first.
  const { rows } = await pool.query<{ epoch: string }>(
    `INSERT INTO log_state (id, epoch, identity) VALUES (1, $1, $2)
     ON CONFLICT (id) DO UPDATE SET identity = excluded.identity,
       epoch = CASE WHEN ${KNOWN_IDENTITY} = excluded.identity THEN log_state.epoch ELSE excluded.epoch END
     RETURNING epoch`,
    [randomBytes(9).toString('base64url'), identity],
  )
  const epoch = rows[0]?.epoch
  if (epoch === undefined) throw new Error('log_state gave no epoch')
  return epoch
}

// The timeline changes when a server is restored to a point in time or a standby takes over; the oid of the table when
// a dump is restored over a database that is kept.
async function serverIdentity(pool: pg.Pool): Promise<string> {
  const database = `(SELECT oid FROM pg_database WHERE datname = current_database())
    || ':' || 'log_state'::regclass::oid`
  const cluster = `(SELECT system_identifier FROM pg_control_system())
    || ':' || (SELECT timeline_id FROM pg_control_checkpoint())`
  try {
    return await text(pool, `SELECT ${cluster} || ':' || ${database}`)
  } catch (error) {
    // Some hosts refuse pg_control_*: what names the database within its server has to do.
    if (!['42501', '0A000', '42883'].includes(String(codeOf(error)))) throw error
    return await text(pool, `SELECT ${database}`)
  }
}

async function text(pool: pg.Pool, expression: string): Promise<string> {
  const { rows } = await pool.query<{ identity: string }>(`${expression} AS identity`)
  return rows[0]?.identity ?? ''
}
