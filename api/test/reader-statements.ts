import type { Part } from '../src/base/lifecycle.ts'
import pg from 'pg'
import { vi } from 'vitest'
import { encodeId } from '../src/graphql/ids.ts'
import { Partitions } from '../src/samples/partitions.ts'
import { fillMerged, histories } from './reader-histories.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { uuid } from './row-seeds.ts'
import { sampleOf } from './sample-of.ts'

/** How much a database holds. */
export interface Sizes {
  models: number
  /** Completed, but for the newest hundred, which run. */
  jobs: number
  /** The newest jobs, of which `longCurves` have all steps a job can have. */
  curves: number
  longCurves: number
  stepsPerJob: number
  deployments: number
  active: number
  events: number
  /** The newest active deployments, with samples of a second. */
  recorded: number
  samples: number
  webhooks: number
  deliveriesPerWebhook: number
}

export interface Statement {
  text: string
  values: unknown[]
}

/** A server on an embedded database that holds so much, and a connection of the test's own to it. */
export async function openFilled(size: Sizes): Promise<{ app: TestApp; client: pg.Client } & AsyncDisposable> {
  const app = await createTestApp('embedded', { sampleIntervalMs: 1000 })
  await quiet(app)
  const client = await connectTo(app)
  await fill(client, size)
  const dispose = async () => {
    await client.end()
    await app[Symbol.asyncDispose]()
  }
  return { app, client, [Symbol.asyncDispose]: dispose }
}

async function connectTo(app: TestApp): Promise<pg.Client> {
  const query = vi.spyOn(pg.Client.prototype, 'query')
  await app.deps.services.prisma.$queryRaw`select 1`
  const { host } = query.mock.contexts[0] as pg.Client
  query.mockRestore()
  const client = new pg.Client({ host, user: 'postgres', database: 'postgres' })
  await client.connect()
  return client
}

/** Nobody asks the database for anything but the answers from here on. */
export async function quiet({ deps }: TestApp): Promise<void> {
  await Promise.all(
    [deps.recorder, deps.retention, deps.rollUp, deps.trainingRuns].map(async (part: Part) => part.stop?.()),
  )
  deps.services.eventLog.stop()
  deps.services.sampleLogs.stop()
  await deps.services.activeDeployments.stop()
}

/** The recorder made those that it writes to itself: none before its own beginning. */
async function ensurePartitions({ host }: pg.Client, fromMs: number): Promise<void> {
  const pool = new pg.Pool({ host, user: 'postgres', database: 'postgres', max: 1 })
  await new Partitions({ pool }).ensure({ table: 'samples', widthMs: 3_600_000 }, fromMs - 1000, Date.now())
  await pool.end()
}

/** Everything was made one second after the other, the last one now; common values are on every second row. */
async function fill(client: pg.Client, size: Sizes): Promise<void> {
  const made = (n: string, of: number) => `now() - (${of} - ${n}) * interval '1 second'`
  const idOf = (kind: number, n: string) =>
    `('00000000-0000-7000-8${String(kind).padStart(3, '0')}-' || lpad((${n})::text, 12, '0'))::uuid`
  await client.query(`insert into models (id, name, deployment_count)
    select ${idOf(1, 'n')}, 'team/model-' || n, ${size.deployments} from generate_series(1, ${size.models}) n`)
  await client.query(`insert into training_jobs (id, model_id, name, status, progress, hyperparameters, created_by, created_at,
      started_at, finished_at, labels, step_count)
    select ${idOf(2, 'n')}, ${idOf(1, `n % ${size.models} + 1`)}, 'nightly run ' || n, status::"TrainingJobStatus", 1,
      jsonb_build_object('learningRate', 0.001, 'note', repeat('x', 200)), 'ci-' || n % 2, at, at,
      case status when 'COMPLETED' then at end,
      case when n % 1000 = 0 then '{rare=yes,team=search}'::text[] when n % 2 = 0 then '{team=search}' else '{}' end,
      case when n > ${size.jobs - size.longCurves} then ${size.stepsPerJob}
        when n > ${size.jobs - size.curves} then 100 else 0 end
    from generate_series(1, ${size.jobs}) n, lateral (select ${made('n', size.jobs)} as at,
      case when n > ${size.jobs - 100} then 'RUNNING' else 'COMPLETED' end as status) x`)
  await client.query(`insert into training_steps (training_job_id, step, position, loss, accuracy)
    select j.id, n, n, 1.0 / n, 0.5 from training_jobs j, generate_series(1, j.step_count) n where j.step_count > 0`)
  await client.query(`insert into deployments (id, model_id, training_job_id, version_number, status, created_by, created_at,
      status_changed_at, labels)
    select ${idOf(3, 'n')}, j.model_id, j.id, n, case when n > ${size.deployments - size.active} then 'ACTIVE' else 'PAUSED'
      end::"DeploymentStatus", 'ci-' || n % 2, at, at, j.labels
    from generate_series(1, ${size.deployments}) n join training_jobs j on j.id = ${idOf(2, 'n')},
      lateral (select ${made('n', size.deployments)} as at) x`)
  await client.query(`insert into sample_heads (deployment_key, recording_since)
    select key, case status when 'ACTIVE' then created_at end from deployments`)
  await client.query(`insert into deployment_events (sequence, id, kind, at, by, deployment_id, model_name, version_number)
    select n, ${idOf(4, 'n')}, case when n = 1 then 'DELETED' else 'DEPLOYED' end::"DeploymentEventKind",
      ${made('n', size.events)}, 'ci-' || n % 2, ${idOf(3, `n % ${size.deployments} + 1`)},
      'team/model-' || n % ${size.models} + 1, 1 from generate_series(1, ${size.events}) n`)
  await client.query('update log_state set last_sequence = $1', [size.events])
  await ensurePartitions(client, Date.now() - size.samples * 1000)
  const { latency } = sampleOf({ latenciesMs: Array.from({ length: 200 }, (_, n) => 20 + ((n * 7919) % 1000)) })
  await client.query(
    `insert into samples (deployment_key, sequence, window_start, window_ms, requests, errors, latency_sum_ms, latency_max_ms,
      latency, source)
    select d.key, n, date_trunc('second', ${made('n', size.samples)}), 1000, 200, 1, 60000, 1020, $1, 'SIMULATED'
    from deployments d, generate_series(1, ${size.samples}) n
    where d.version_number > ${size.deployments - size.recorded}`,
    [Buffer.from(latency ?? [])],
  )
  await client.query(`update sample_heads h set sequence = s.sequence, last_window_end = s.at from (
    select deployment_key, max(sequence) as sequence, max(window_start) + interval '1 second' as at from samples group by 1
    ) s where s.deployment_key = h.deployment_key`)
  await fillMerged(client, size, Buffer.from(latency ?? []))
  await client.query(`insert into webhooks (id, name, url, events, secret, created_at, created_by)
    select ${idOf(5, 'n')}, 'hook ' || n, 'https://example.com', '{DEPLOYMENT_PAUSED}', 'whsec_x', now(), 'admin'
    from generate_series(1, ${size.webhooks}) n`)
  await client.query(`insert into webhook_deliveries (id, webhook_id, message_id, type, body, next_attempt_at, created_at)
    select gen_random_uuid(), w.id, 'msg_' || n, 'deployment.paused', repeat('x', 500), now() + interval '1 day', now()
    from webhooks w, generate_series(1, ${size.deliveriesPerWebhook}) n`)
}

const ITEM = 'id name model { name } activeDeployment { id } deployability { canDeploy }'

/** What a reader can ask for: each kind of statement, where it reads most. */
function reads(size: Sizes): [what: string, query: string, variables?: Record<string, unknown>][] {
  const id = (type: 'Deployment' | 'TrainingJob', n: number) => encodeId(type, uuid(type === 'Deployment' ? 3 : 2, n))
  const cursor = (...key: unknown[]) => Buffer.from(JSON.stringify(key)).toString('base64url')
  const team = '{ labels: [{ key: "team", value: "search" }] }'
  const rare = '{ labels: [{ key: "rare", value: "yes" }] }'
  const filters = [
    '',
    team,
    rare,
    '{ search: "zzz" }',
    '{ createdBy: "nobody" }',
    '{ model: "team/model-1", search: "zzz" }',
  ]
  const jobFilters = [
    ...filters,
    '{ status: [RUNNING, QUEUED] }',
    '{ status: [RUNNING], search: "zzz" }',
    '{ model: "nobody" }',
  ]
  const deploymentFilters = [
    ...filters,
    '{ status: [ACTIVE], search: "zzz" }',
    '{ createdBefore: "2020-01-01T00:00:00Z" }',
  ]
  const eventFilters = [
    '{ kind: [DELETED] }',
    '{ by: "nobody" }',
    '{ by: "ci-1", kind: [DELETED] }',
    '{ model: "nobody" }',
    '{ since: "2100-01-01T00:00:00Z" }',
    `{ deploymentId: "${id('Deployment', 1)}" }`,
  ]
  const of = (filter: string, order: string) =>
    `first: 100, orderBy: { field: ${order} }${filter ? `, filter: ${filter}` : ''}`
  /** All filters in the first order, and one that no index has in each order. */
  const inOrders = (orders: string[], all: string[], unindexed: string) => [
    ...all.map((filter) => [`${orders[0]}, direction: DESC`, filter] as const),
    ...orders.flatMap((field) => ['ASC', 'DESC'].map((way) => [`${field}, direction: ${way}`, unindexed] as const)),
  ]
  const past = new Date(Date.now() - Math.floor(size.jobs / 2) * 1000).getTime()
  return [
    ...inOrders(['CREATED_AT', 'FINISHED_AT', 'NAME'], jobFilters, '{ search: "zzz" }').map(
      ([order, filter]): [string, string] => [
        `training jobs by ${order} ${filter}`,
        `{ trainingJobs(${of(filter, order)}) { totalCount nodes { ${ITEM} } } }`,
      ],
    ),
    ...inOrders(['CREATED_AT', 'STATUS_CHANGED_AT', 'MODEL', 'VERSION'], deploymentFilters, '{ search: "zzz" }').map(
      ([order, filter]): [string, string] => [
        `deployments by ${order} ${filter}`,
        `{ deployments(${of(filter, order)}) { totalCount nodes { id canResume model { name } trainingJob { name } } } }`,
      ],
    ),
    ...inOrders(['AT'], eventFilters, '{ kind: [DELETED] }').map(([order, filter]): [string, string] => [
      `events by ${order} ${filter}`,
      `{ deploymentEvents(${of(filter, order)}) { totalCount nodes { kind deployment { id } } } }`,
    ]),
    ['all events', '{ deploymentEvents(last: 100) { totalCount nodes { id } } }'],
    [
      'training jobs far back',
      '{ trainingJobs(first: 100, after: $after) { nodes { id } } }',
      {
        after: cursor('training-job-CREATED_AT-desc', past, uuid(2, 1)),
      },
    ],
    [
      'finished jobs from the end',
      '{ trainingJobs(last: 100, orderBy: { field: FINISHED_AT, direction: DESC }) { nodes { id } } }',
    ],
    [
      'job names far back',
      '{ trainingJobs(first: 100, orderBy: { field: NAME, direction: ASC }, after: $after) { nodes { id } } }',
      {
        after: cursor('training-job-NAME-asc', 'nightly run 5', uuid(2, 1)),
      },
    ],
    [
      'deployments by model far back',
      '{ deployments(first: 100, orderBy: { field: MODEL, direction: ASC }, after: $after) { nodes { id } } }',
      {
        after: cursor('deployment-MODEL-asc', `team/model-${Math.floor(size.models / 2)}`, 1),
      },
    ],
    [
      'counts of jobs',
      `{ trainingJobCounts { total } some: trainingJobCounts(filter: ${team}) { total } found: trainingJobCounts(filter: { search: "zzz" }) { total } }`,
    ],
    [
      'counts of deployments',
      `{ deploymentCounts { total } some: deploymentCounts(filter: ${team}) { total } found: deploymentCounts(filter: { search: "zzz" }) { total } }`,
    ],
    ['models', '{ models(first: 100, search: "zzz") { totalCount nodes { id } } }'],
    [
      'lists in a list',
      '{ models(first: 20) { nodes { trainingJobs(first: 20) { totalCount nodes { id } } deployments(first: 20) { totalCount nodes { id } } } } }',
    ],
    ['long curves', '{ trainingJobs(first: 20) { nodes { lossCurve(maxPoints: 2000) { step loss } } } }'],
    ['many curves', '{ trainingJobs(first: 100) { nodes { lossCurve(maxPoints: 200) { step loss } } } }'],
    [
      'deployments with sparklines',
      '{ deployments(first: 100) { nodes { cursor latestMetrics { at } recentMetrics { at } } } }',
    ],
    [
      'a history of six hours',
      `{ deployment(id: "${id('Deployment', size.deployments)}") { events(first: 100) { totalCount nodes { id } }
      metricsHistory(maxPoints: 2000, from: $from) { summary { requests } points { requests } } } }`,
      {
        from: new Date(Date.now() - 6 * 3_600_000).toISOString(),
      },
    ],
    ...histories(size).map(([what, field, hours]): [string, string, Record<string, unknown>] => [
      `${what} of ${hours} hours`,
      field,
      { from: new Date(Date.now() - hours * 3_600_000).toISOString() },
    ]),
    [
      'a hundred nodes',
      '{ nodes(ids: $ids) { ... on TrainingJob { name deployments(first: 1) { totalCount } } } }',
      {
        ids: Array.from({ length: 100 }, (_, n) => id('TrainingJob', n + 1)),
      },
    ],
    [
      'webhooks and tokens',
      '{ webhooks { totalCount nodes { deliveries(first: 100) { totalCount nodes { id } } } } viewer { apiTokens { totalCount } } }',
    ],
  ]
}

/** The statements of an answer. */
async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const query = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await work()
    const asked = query.mock.calls.map(([asked, values]: unknown[]): Statement =>
      typeof asked === 'string'
        ? { text: asked, values: Array.isArray(values) ? values : [] }
        : {
            text: String(Reflect.get(Object(asked), 'text')),
            values: (Reflect.get(Object(asked), 'values') ?? []) as unknown[],
          },
    )
    return asked.filter(({ text }) => /^\s*(select|with)\b/i.test(text))
  } finally {
    query.mockRestore()
  }
}

/** Every way of a reader into the database, as its statements. */
export async function* allStatements(
  app: TestApp,
  size: Sizes,
): AsyncGenerator<[what: string, statements: Statement[]]> {
  for (const [what, query, variables] of reads(size)) {
    const types = { after: 'String', from: 'DateTime!', ids: '[ID!]!' }
    const declared = Object.keys(variables ?? {}).map((name) => `$${name}: ${types[name as keyof typeof types]}`)
    const text = declared.length > 0 ? `query (${declared.join()}) ${query}` : query
    yield [what, await statementsOf(() => app.client.data(text, variables))]
  }
  const { trainingProgress, eventLog, cursors, activeDeployments } = app.deps.services
  yield ['following all jobs', await statementsOf(() => trainingProgress.watch(null))]
  yield ['following all deployments', await statementsOf(() => activeDeployments.start())]
  yield ['following events from the beginning', await statementsOf(() => eventLog.follow({ cursor: cursors.event(0) }))]
  yield ['metrics', await statementsOf(() => app.deps.deliveryQueue.backlog())]
}
