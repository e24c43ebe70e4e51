import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, testDatabaseKinds } from './testing.ts'
import type { TestDatabase } from './testing.ts'
import { checkViolation, isForeignKeyViolation, uniqueViolation } from './violations.ts'

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const long = (length: number) => 'x'.repeat(length)

// One good row in each table; what follows is refused against them.
const rows = `
  INSERT INTO models (id, name) VALUES ('${id(1)}', 'a/b-c_d.9');
  INSERT INTO training_jobs (id, model_id, name, status, created_by, started_at, finished_at, external_id)
    VALUES ('${id(2)}', '${id(1)}', 'job', 'COMPLETED', 'me', now(), now(), 'ci/1');
  INSERT INTO training_steps (training_job_id, step, position, loss) VALUES ('${id(2)}', 1, 1, 0.5);
  INSERT INTO deployments (id, model_id, training_job_id, version_number, status, created_by)
    VALUES ('${id(3)}', '${id(1)}', '${id(2)}', 0, 'ACTIVE', 'me'),
      ('${id(4)}', '${id(1)}', '${id(2)}', 1, 'PAUSED', 'me');
  INSERT INTO deployment_events (sequence, id, kind, at, by, deployment_id, model_name, version_number)
    VALUES (1, '${id(5)}', 'DEPLOYED', now(), 'me', '${id(3)}', 'a', 0);
  INSERT INTO server_lease (holder, host, pid, expires_at) VALUES ('h', 'host', 1, now());
  INSERT INTO sample_heads (deployment_key) VALUES (1);
  CREATE TABLE samples_any PARTITION OF samples DEFAULT;
  INSERT INTO samples (deployment_key, sequence, window_start, window_ms, requests, errors, latency_sum_ms,
      latency_max_ms, latency, prompt_tokens, generated_tokens, in_flight, source)
    VALUES (1, 1, '2026-01-01Z', 1000, 2, 1, 30, 20, '\\x01', 5, 6, 0, 'SIMULATED'),
      (1, 2, '2026-01-02Z', 1000, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 'SIMULATED');
  CREATE TABLE merged_windows_any PARTITION OF merged_windows DEFAULT;
  INSERT INTO merged_windows (series, resolution_ms, window_start, covered_ms, first_sequence, last_sequence, requests,
      errors, latency_sum_ms, latency_max_ms, prompt_tokens, generated_tokens, in_flight, sources)
    VALUES (1, 10000, '2026-01-01Z', 10000, 1, 2, 2, 1, 30, 20, 5, 6, 0, '{"SIMULATED": 2}'),
      (0, 60000, '2026-01-01Z', 10000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}');
  INSERT INTO resolution_heads (deployment_key, resolution_ms, model_key, merged_through)
    VALUES (1, 10000, 1, '2026-01-01Z');
  INSERT INTO source_states (deployment_key, since) VALUES (1, now());
  INSERT INTO report_keys (key, at) VALUES (sha256('point'), now());
  INSERT INTO idempotency_keys (caller, key, request_hash, created_at)
    VALUES ('me', 'key', sha256('request'), now());
  INSERT INTO api_tokens (id, token_hash, name, scopes, created_by, created_at, expires_at)
    VALUES ('${id(6)}', '${'0a'.repeat(32)}', 'ci', '{READ}', 'me', now(), now() + interval '1 hour');
  INSERT INTO sessions (token_hash, name, expires_at, api_token_id)
    VALUES ('hash', 'me', now() + interval '1 hour', '${id(6)}');
  INSERT INTO webhooks (id, name, url, events, secret, created_at, created_by)
    VALUES ('${id(10)}', 'hook', 'https://example.com', '{DEPLOYMENT_PAUSED}', 'whsec_x', now(), 'me');
  INSERT INTO webhook_deliveries (id, webhook_id, message_id, type, body, next_attempt_at, created_at)
    VALUES ('${id(11)}', '${id(10)}', 'msg_1', 'deployment.paused', '{}', now(), now());`

const copy = (table: string, changes: string) =>
  `INSERT INTO ${table} SELECT (jsonb_populate_record(t, '${changes}')).* FROM ${table} t LIMIT 1`

const refused: [constraint: string, statement: string][] = [
  ['models_name_check', `UPDATE models SET name = ''`],
  ['models_name_check', `UPDATE models SET name = '${long(101)}'`],
  ['models_name_check', `UPDATE models SET name = 'two words'`],
  ['models_name_check', `UPDATE models SET name = E'line\\n'`],
  ['models_name_check', `UPDATE models SET name = 'é'`],
  ['models_deployment_count_check', 'UPDATE models SET deployment_count = -1'],
  ['models_key_key', copy('models', `{"id": "${id(9)}", "name": "other"}`)],
  ['models_name_key', copy('models', `{"id": "${id(9)}"}`)],
  ['training_jobs_name_check', `UPDATE training_jobs SET name = ''`],
  ['training_jobs_name_check', `UPDATE training_jobs SET name = '  '`],
  ['training_jobs_name_check', `UPDATE training_jobs SET name = '${long(101)}'`],
  ['training_jobs_created_by_check', `UPDATE training_jobs SET created_by = ''`],
  ['training_jobs_step_count_check', 'UPDATE training_jobs SET step_count = -1'],
  ['training_steps_position_check', 'UPDATE training_steps SET position = 0'],
  ['training_steps_training_job_id_position_key', copy('training_steps', '{"step": 2}')],
  ['training_jobs_progress_check', 'UPDATE training_jobs SET progress = -0.01'],
  ['training_jobs_progress_check', 'UPDATE training_jobs SET progress = 1.01'],
  ['training_jobs_progress_check', `UPDATE training_jobs SET progress = 'NaN'`],
  ['training_jobs_final_loss_check', `UPDATE training_jobs SET final_loss = 'NaN'`],
  ['training_jobs_final_loss_check', `UPDATE training_jobs SET final_loss = '-Infinity'`],
  ['training_jobs_final_accuracy_check', 'UPDATE training_jobs SET final_accuracy = 1.5'],
  ['training_jobs_started_at_check', `UPDATE training_jobs SET status = 'QUEUED', finished_at = NULL`],
  [
    'training_jobs_started_at_check',
    `UPDATE training_jobs SET status = 'RUNNING', started_at = NULL, finished_at = NULL`,
  ],
  ['training_jobs_finished_at_check', 'UPDATE training_jobs SET finished_at = NULL'],
  ['training_jobs_finished_at_check', `UPDATE training_jobs SET status = 'RUNNING'`],
  ['training_jobs_external_id_key', copy('training_jobs', `{"id": "${id(9)}"}`)],
  ['training_jobs_external_id_check', `UPDATE training_jobs SET external_id = ''`],
  ['training_jobs_labels_check', 'UPDATE training_jobs SET labels = NULL'],
  ['training_jobs_labels_check', `UPDATE training_jobs SET labels = array_fill('a=b'::text, '{17}')`],
  ['training_steps_step_check', 'UPDATE training_steps SET step = -1'],
  ['training_steps_loss_check', `UPDATE training_steps SET loss = 'Infinity'`],
  ['training_steps_accuracy_check', 'UPDATE training_steps SET accuracy = -0.1'],
  ['deployments_key_check', 'UPDATE deployments SET key = 0 WHERE version_number = 0'],
  ['deployments_key_key', 'UPDATE deployments SET key = 7'],
  ['deployments_version_number_check', 'UPDATE deployments SET version_number = -1 WHERE version_number = 0'],
  ['deployments_created_by_check', `UPDATE deployments SET created_by = ''`],
  ['deployments_model_id_version_number_key', 'UPDATE deployments SET version_number = 0'],
  ['deployments_external_id_key', `UPDATE deployments SET external_id = 'same'`],
  ['deployments_external_id_check', `UPDATE deployments SET external_id = '${long(201)}' WHERE version_number = 0`],
  ['deployments_labels_check', 'UPDATE deployments SET labels = NULL'],
  ['deployments_labels_check', `UPDATE deployments SET labels = array_fill('a=b'::text, '{17}')`],
  ['deployments_one_active_per_training_job', `UPDATE deployments SET status = 'ACTIVE'`],
  ['deployment_events_sequence_check', 'UPDATE deployment_events SET sequence = 0'],
  ['deployment_events_by_check', `UPDATE deployment_events SET by = ''`],
  ['deployment_events_model_name_check', `UPDATE deployment_events SET model_name = 'no good'`],
  ['deployment_events_version_number_check', 'UPDATE deployment_events SET version_number = -1'],
  ['deployment_events_id_key', copy('deployment_events', '{"sequence": 2}')],
  ['log_state_id_check', 'UPDATE log_state SET id = 2'],
  ['log_state_epoch_check', `UPDATE log_state SET epoch = ''`],
  ['log_state_epoch_check', `UPDATE log_state SET identity = ''`],
  ['log_state_last_sequence_check', 'UPDATE log_state SET last_sequence = -1'],
  ['server_lease_id_check', 'UPDATE server_lease SET id = 2'],
  ['sample_heads_sequence_check', 'UPDATE sample_heads SET sequence = -1, last_window_end = now()'],
  ['sample_heads_last_window_end_check', 'UPDATE sample_heads SET sequence = 1'],
  ['sample_heads_last_window_end_check', 'UPDATE sample_heads SET last_window_end = now()'],
  ['samples_sequence_check', 'UPDATE samples SET sequence = 0 WHERE sequence = 1'],
  ['samples_window_ms_check', 'UPDATE samples SET window_ms = 0'],
  ['samples_requests_check', 'UPDATE samples SET errors = -1'],
  ['samples_requests_check', 'UPDATE samples SET requests = -1'],
  ['samples_latency_sum_ms_check', 'UPDATE samples SET latency_sum_ms = -1 WHERE sequence = 1'],
  ['samples_latency_sum_ms_check', `UPDATE samples SET latency_sum_ms = 'NaN' WHERE sequence = 1`],
  ['samples_latency_max_ms_check', `UPDATE samples SET latency_max_ms = 'Infinity' WHERE sequence = 1`],
  ['samples_tokens_check', 'UPDATE samples SET prompt_tokens = -1 WHERE sequence = 2'],
  ['samples_tokens_check', 'UPDATE samples SET generated_tokens = -1 WHERE sequence = 1'],
  ['samples_in_flight_check', 'UPDATE samples SET in_flight = -1'],
  ...['samples', 'merged_windows'].flatMap((table): [string, string][] => [
    ...['time_to_first_token', 'inter_token_latency', 'queue_time'].flatMap((name): [string, string][] => [
      [`${table}_${name}_sum_ms_check`, `UPDATE ${table} SET ${name}_sum_ms = -1`],
      [`${table}_${name}_sum_ms_check`, `UPDATE ${table} SET ${name}_sum_ms = 'NaN'`],
      [`${table}_${name}_max_ms_check`, `UPDATE ${table} SET ${name}_max_ms = 'Infinity'`],
    ]),
    [`${table}_errors_by_reason_check`, `UPDATE ${table} SET errors_by_reason = '["timeout"]'`],
    [`${table}_waiting_check`, `UPDATE ${table} SET waiting = -1`],
    [`${table}_kv_cache_usage_check`, `UPDATE ${table} SET kv_cache_usage = -0.01`],
    [`${table}_kv_cache_usage_check`, `UPDATE ${table} SET kv_cache_usage = 1.01`],
    [`${table}_late_reports_check`, `UPDATE ${table} SET late_reports = -1`],
  ]),
  ['merged_windows_covered_ms_check', 'UPDATE merged_windows SET covered_ms = -1'],
  ['merged_windows_covered_ms_check', 'UPDATE merged_windows SET covered_ms = 10001 WHERE series = 1'],
  ['merged_windows_before_ms_check', 'UPDATE merged_windows SET before_ms = -1'],
  ['merged_windows_sequences_check', 'UPDATE merged_windows SET first_sequence = 3 WHERE series = 1'],
  ['merged_windows_sequences_check', 'UPDATE merged_windows SET first_sequence = 0 WHERE series = 1'],
  ['merged_windows_sequences_check', 'UPDATE merged_windows SET last_sequence = NULL WHERE series = 1'],
  ['merged_windows_sequences_check', 'UPDATE merged_windows SET last_sequence = 1 WHERE series = 0'],
  ['merged_windows_errors_check', 'UPDATE merged_windows SET errors = -1 WHERE series = 1'],
  ['merged_windows_latency_sum_ms_check', 'UPDATE merged_windows SET latency_sum_ms = -1'],
  ['merged_windows_latency_sum_ms_check', `UPDATE merged_windows SET latency_sum_ms = 'NaN'`],
  ['merged_windows_latency_max_ms_check', 'UPDATE merged_windows SET latency_max_ms = -1'],
  ['merged_windows_latency_max_ms_check', `UPDATE merged_windows SET latency_max_ms = 'Infinity'`],
  ['merged_windows_tokens_check', 'UPDATE merged_windows SET prompt_tokens = -1'],
  ['merged_windows_tokens_check', 'UPDATE merged_windows SET generated_tokens = -1'],
  ['merged_windows_in_flight_check', 'UPDATE merged_windows SET in_flight = -1'],
  ['api_tokens_token_hash_key', copy('api_tokens', `{"id": "${id(9)}"}`)],
  ['api_tokens_token_hash_check', `UPDATE api_tokens SET token_hash = 'gl_the-secret-itself'`],
  ['api_tokens_name_check', `UPDATE api_tokens SET name = ''`],
  ['api_tokens_name_check', `UPDATE api_tokens SET name = ' ci'`],
  ['api_tokens_name_check', `UPDATE api_tokens SET name = '${long(101)}'`],
  ['api_tokens_scopes_check', `UPDATE api_tokens SET scopes = '{}'`],
  ['api_tokens_scopes_check', 'UPDATE api_tokens SET scopes = NULL'],
  ['api_tokens_created_by_check', `UPDATE api_tokens SET created_by = ''`],
  ['api_tokens_expires_at_check', 'UPDATE api_tokens SET expires_at = created_at'],
  ['sessions_token_hash_check', `UPDATE sessions SET token_hash = ''`],
  ['sessions_name_check', `UPDATE sessions SET name = ''`],
  ['sessions_expires_at_check', 'UPDATE sessions SET expires_at = created_at'],
  ['webhooks_name_check', `UPDATE webhooks SET name = ' '`],
  ['webhooks_name_check', `UPDATE webhooks SET name = '${long(101)}'`],
  ['webhooks_url_check', `UPDATE webhooks SET url = 'ftp://example.com'`],
  ['webhooks_url_check', `UPDATE webhooks SET url = 'https://${long(2000)}'`],
  ['webhooks_events_check', `UPDATE webhooks SET events = '{}'`],
  ['webhooks_models_check', 'UPDATE webhooks SET models = NULL'],
  ['webhooks_models_check', `UPDATE webhooks SET models = array_fill('m'::text, '{101}')`],
  ['webhooks_secret_check', `UPDATE webhooks SET secret = 'x'`],
  ['webhooks_previous_secret_check', `UPDATE webhooks SET previous_secret = 'whsec_y'`],
  ['webhooks_created_by_check', `UPDATE webhooks SET created_by = ''`],
  ['webhook_deliveries_message_id_check', `UPDATE webhook_deliveries SET message_id = ''`],
  ['webhook_deliveries_next_attempt_at_check', 'UPDATE webhook_deliveries SET next_attempt_at = NULL'],
  ['webhook_deliveries_next_attempt_at_check', `UPDATE webhook_deliveries SET status = 'FAILED'`],
  ['webhook_deliveries_attempts_check', `UPDATE webhook_deliveries SET attempts = '{}'`],
  ['deployments_interval_ms_check', 'UPDATE deployments SET interval_ms = 0 WHERE version_number = 0'],
  ['deployments_interval_ms_check', 'UPDATE deployments SET interval_ms = 7000 WHERE version_number = 0'],
  ['source_states_duration_ms_check', 'UPDATE source_states SET duration_ms = -1'],
  ['source_states_duration_ms_check', `UPDATE source_states SET duration_ms = 'NaN'`],
  ['source_states_series_check', 'UPDATE source_states SET series = -1'],
  ['report_keys_key_check', `UPDATE report_keys SET key = ''`],
  ['idempotency_keys_caller_check', `UPDATE idempotency_keys SET caller = ''`],
  ['idempotency_keys_key_check', `UPDATE idempotency_keys SET key = ''`],
  ['idempotency_keys_key_check', `UPDATE idempotency_keys SET key = '${long(201)}'`],
  ['idempotency_keys_request_hash_check', `UPDATE idempotency_keys SET request_hash = '\\x01'`],
]

describe.each(await testDatabaseKinds())('the schema on %s', (kind) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(kind)
    await database.pool.query(rows)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const refusalOf = (statement: string) =>
    database.pool.query(statement).then(
      () => null,
      (error: unknown) => error,
    )

  test.each(refused)('%s refuses %s', async (constraint, statement) => {
    const error = await refusalOf(statement)
    expect(checkViolation(error) ?? uniqueViolation(error) ?? error).toBe(constraint)
  })

  test('every check and every unique index except primary keys has a case here', async () => {
    const { rows: found } = await database.pool.query<{ name: string }>(
      `SELECT conname AS name FROM pg_constraint
         WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conrelid <> '_prisma_migrations'::regclass
       UNION SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
         WHERE indisunique AND NOT indisprimary AND relkind = 'r' AND relnamespace = 'public'::regnamespace
       ORDER BY name`,
    )
    expect(found.map(({ name }) => name)).toEqual([...new Set(refused.map(([name]) => name))].sort())
  })

  test.each([
    'DELETE FROM models',
    'DELETE FROM training_jobs',
    `UPDATE training_jobs SET model_id = '${id(99)}'`,
    `UPDATE training_steps SET training_job_id = '${id(99)}'`,
    `UPDATE deployments SET model_id = '${id(99)}'`,
    `UPDATE deployments SET training_job_id = '${id(99)}'`,
    `UPDATE sessions SET api_token_id = '${id(99)}'`,
  ])('a foreign key refuses %s', async (statement) => {
    expect(isForeignKeyViolation(await refusalOf(statement))).toBe(true)
  })

  test.each(['training_jobs', 'deployments'])('labels of %s are looked up in an index', async (table) => {
    const { rows: plan } = await database.pool
      .query<{ 'QUERY PLAN': string }>(
        `SET enable_seqscan = off; EXPLAIN SELECT id FROM ${table} WHERE labels @> ARRAY['a=b']`,
      )
      .then((results) => (results as unknown as [unknown, typeof results])[1])
    expect(plan.map((line) => line['QUERY PLAN']).join()).toContain(`${table}_labels_idx`)
  })

  test('a training job without deployments is deleted with its steps', async () => {
    await database.pool.query(
      `INSERT INTO training_jobs (id, model_id, name, status, created_by)
       VALUES ('${id(8)}', '${id(1)}', 'x', 'QUEUED', 'me')`,
    )
    await database.pool.query(
      `INSERT INTO training_steps (training_job_id, step, position, loss) VALUES ('${id(8)}', 1, 1, 0.5)`,
    )
    await database.pool.query(`DELETE FROM training_jobs WHERE id = '${id(8)}'`)
    const steps = await database.prisma.trainingStep.count({ where: { trainingJobId: id(8) } })
    expect(steps).toBe(0)
  })

  test.each(['sample_heads', 'resolution_heads', 'source_states'])(
    'rows of %s leave room to be rewritten in place',
    async (table) => {
      const { rows: found } = await database.pool.query(`SELECT reloptions FROM pg_class WHERE relname = '${table}'`)
      expect(found).toEqual([{ reloptions: ['fillfactor=50'] }])
    },
  )
})
