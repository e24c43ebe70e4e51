// Who may import whom, as a table of folder names (ARCHITECTURE.md draws it). One folder of api/src is one layer, and a
// file at its top is a layer of its own. A layer lists what it may import; everything else fails. `type:` before a name
// allows `import type` only. A layer may always import itself, and every layer of api/src may import `base`.

/** What the service of every domain may import, besides the domains in its own row. */
const BELOW_SERVICES = ['lists', 'live', 'samples', 'bus', 'fanout', 'metrics', 'prisma']

/** Domains: one domain may import another only in the direction written here, so that there are no circles. */
const DOMAINS = {
  idempotency: BELOW_SERVICES,
  models: BELOW_SERVICES,
  auth: [...BELOW_SERVICES, 'idempotency'],
  webhooks: [...BELOW_SERVICES, 'idempotency', 'models', 'outbound'],
  training: [...BELOW_SERVICES, 'idempotency', 'models', 'webhooks'],
  sources: [...BELOW_SERVICES, 'outbound', 'recording'],
  deployments: [
    ...BELOW_SERVICES,
    'idempotency',
    'models',
    'webhooks',
    'training',
    'sources',
    'outbound',
    'type:recording',
  ],
}

/** Layer → layers it may import. */
export const MAY_IMPORT = {
  // Start and wiring.
  main: ['app', 'env', 'production'],
  app: ['deps', 'env', 'seed', 'schema', 'server', 'prisma'],
  deps: [
    'env',
    'telemetry',
    'recording',
    'live',
    'samples',
    'bus',
    'metrics',
    'outbound',
    'prisma',
    ...Object.keys(DOMAINS),
  ],
  seed: ['type:deps', 'type:env', 'recording', 'prisma'],
  env: ['env-settings'],
  'env-settings': [],
  telemetry: ['event-loop-lag'],
  'event-loop-lag': [],
  production: [],

  // The path of a request: server → transports → engine → fanout.
  // The server passes the readers of its own metrics to telemetry, which it is given.
  server: ['transports', 'http', 'engine', 'auth', 'type:telemetry'],
  transports: ['http', 'engine', 'fanout', 'auth'],
  http: ['auth', 'type:engine'],
  engine: ['graphql', 'fanout'],

  // The API's contract. `schema/api.ts` composes it with our services for the engine: hence `engine` and types of deps.
  schema: ['*.schema', 'graphql', 'engine', 'type:deps', 'production'],
  // A schema file may import whatever its service may: the folders below, and the domains.
  '*.schema': ['graphql', 'type:recording', ...BELOW_SERVICES, ...Object.keys(DOMAINS)],
  graphql: ['type:deps', 'type:metrics', 'type:sources', 'prisma'],

  ...DOMAINS,

  // The path of a sample: recording → samples → bus → live → fanout. (Data flows like this; imports are in the table.)
  recording: ['samples', 'bus', 'metrics', 'outbound', 'prisma'],
  live: ['samples', 'bus', 'fanout', 'metrics'],
  samples: ['metrics', 'prisma'],
  bus: ['metrics', 'prisma'],
  lists: ['prisma'],
  fanout: [],
  metrics: [],
  // What connects to hosts that callers name.
  outbound: [],
  base: [],

  // Outside of api/src.
  prisma: [],
  client: ['schema.graphql', 'scripts'],
  // Browser tests fill a database before they start the built server on it.
  'client/e2e': ['client', 'scripts', 'prisma'],
  scripts: ['api/dist'],
  // They run on their own, also outside of this repository.
  examples: [],
}

/** Layers outside of api/src, by the start of their paths; the first match counts. */
const OUTSIDE = [
  ['api/dist/', 'api/dist'],
  ['api/schema.graphql', 'schema.graphql'],
  ['client/e2e/', 'client/e2e'],
  ['client/', 'client'],
  ['examples/', 'examples'],
  ['prisma/', 'prisma'],
  ['scripts/', 'scripts'],
]

const GRAPHQL = /^(graphql|graphql-.*|@graphql-.*\/.*|@pothos\/.*|@envelop\/.*|@escape\.tech\/.*)$/
const DATABASE = /^(pg|@prisma\/.*|@electric-sql\/.*)$/
const BUS = /^(redis|ioredis|@redis\/.*)$/

const serviceRule = [[GRAPHQL, 'a service imports no GraphQL']]

/** Layer → packages it may not import, with the reason. */
export const NO_PACKAGES = {
  ...Object.fromEntries(Object.keys(DOMAINS).map((name) => [name, serviceRule])),
  env: [[GRAPHQL, 'the settings know no GraphQL']],
  deps: [[GRAPHQL, 'services are wired without GraphQL']],
  recording: [
    ...serviceRule,
    [DATABASE, 'only the store knows the database'],
    [BUS, 'only bus/ knows a message broker'],
  ],
  samples: [...serviceRule, [BUS, 'only bus/ knows a message broker']],
  live: [...serviceRule, [DATABASE, 'only the store knows the database'], [BUS, 'only bus/ knows a message broker']],
  bus: [
    [GRAPHQL, 'the bus knows no GraphQL'],
    [DATABASE, 'the bus knows no database'],
  ],
  metrics: [...serviceRule, [DATABASE, 'what computes figures is pure'], [BUS, 'what computes figures is pure']],
  // It executes operations once for many subscribers, so graphql itself is allowed; schema builders and servers are
  // not.
  fanout: [
    [/^(graphql-yoga|@graphql-yoga\/.*|@pothos\/.*)$/, 'fan-out knows no Pothos and no Yoga'],
    [DATABASE, 'fan-out knows nothing of the domain'],
    [BUS, 'fan-out knows nothing of the domain'],
  ],
  base: [
    [GRAPHQL, 'everything stands on base'],
    [DATABASE, 'everything stands on base'],
  ],
  outbound: [
    [GRAPHQL, 'what connects to other hosts knows no GraphQL'],
    [DATABASE, 'what connects to other hosts knows no database'],
  ],
  prisma: [[GRAPHQL, 'the database knows no GraphQL']],
  client: [[DATABASE, 'the client depends on nothing but api/schema.graphql']],
}

/** Names of our own workspaces, as the folder whose layer counts. */
export const WORKSPACES = {
  '@gaugeline/prisma': 'prisma/src/index.ts',
  '@gaugeline/api': 'api/src/main.ts',
  '@gaugeline/client': 'client/src/main.tsx',
}

/** The layer of a file, or null when it belongs to none (tests, configuration, generated code). */
export function layerOf(path) {
  if (!path.startsWith('api/src/')) return OUTSIDE.find(([start]) => path.startsWith(start))?.[1] ?? null
  if (path.endsWith('.schema.ts')) return '*.schema'
  const [first = ''] = path.slice('api/src/'.length).split('/')
  const name = first.replace(/(\.test)?\.ts$/, '')
  return Object.hasOwn(MAY_IMPORT, name) ? name : null
}
