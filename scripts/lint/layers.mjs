// Who may import whom (ARCHITECTURE.md draws it). A layer lists what it may import; everything else fails.
// `type:` before a name allows `import type` only. A layer may always import itself, and the base layer.

/**
 * What the files of api/src belong to. First match wins; paths are relative to the repository, with forward slashes.
 */
export const LAYERS = [
  { name: 'main', files: /^api\/src\/main\.ts$/ },
  { name: 'app', files: /^api\/src\/app\.ts$/ },
  { name: 'deps', files: /^api\/src\/(deps|seed)\.ts$/ },
  { name: 'env', files: /^api\/src\/env\.ts$/ },
  // The Pothos types of a domain folder are part of the GraphQL layer; the service beside them is not.
  { name: 'graphql', files: /^api\/src\/(graphql\/|.*\.schema\.ts$)/ },
  { name: 'http', files: /^api\/src\/http\// },
  { name: 'services', files: /^api\/src\/(auth|models|training|deployments|idempotency|webhooks)\// },
  { name: 'bus interface', files: /^api\/src\/live\/bus\.ts$/ },
  { name: 'live', files: /^api\/src\/live\// },
  { name: 'sources', files: /^api\/src\/metrics\/sources\// },
  { name: 'measurements', files: /^api\/src\/metrics\/(sample|[a-z-]*histogram[a-z-]*)\.ts$/ },
  { name: 'metrics', files: /^api\/src\/metrics\// },
  { name: 'base', files: /^api\/src\/[a-z-]+\.ts$/ },
  { name: 'built server', files: /^api\/dist\// },
  { name: 'database', files: /^prisma\// },
  { name: 'schema', files: /^api\/schema\.graphql$/ },
  { name: 'browser tests', files: /^client\/e2e\// },
  { name: 'client', files: /^client\// },
  { name: 'scripts', files: /^scripts\// },
]

/** Layer → layers it may import. */
export const MAY_IMPORT = {
  main: ['app', 'deps', 'env'],
  app: ['graphql', 'http', 'deps', 'env', 'services', 'live', 'metrics', 'measurements', 'bus interface', 'database'],
  deps: ['env', 'services', 'live', 'metrics', 'measurements', 'sources', 'bus interface', 'database'],
  env: [],
  http: [
    'graphql',
    'type:deps',
    'type:env',
    'services',
    'live',
    'metrics',
    'measurements',
    'bus interface',
    'database',
  ],
  graphql: [
    'type:deps',
    'type:env',
    'services',
    'live',
    'metrics',
    'measurements',
    'bus interface',
    'database',
    'schema',
  ],
  services: ['live', 'metrics', 'measurements', 'bus interface', 'database'],
  // The sample log reads the store when it sees a hole; the recorder knows of `live` only the bus.
  live: ['metrics', 'measurements', 'bus interface', 'database'],
  metrics: ['measurements', 'sources', 'bus interface', 'database'],
  sources: ['measurements'],
  measurements: [],
  'bus interface': ['measurements'],
  base: [],
  database: [],
  client: ['schema', 'scripts'],
  // They fill a database before they start the built server on it.
  'browser tests': ['client', 'scripts', 'database'],
  scripts: ['built server'],
}

const GRAPHQL = /^(graphql|graphql-.*|@graphql-.*\/.*|@pothos\/.*|@envelop\/.*|@escape\.tech\/.*)$/
const DATABASE = /^(pg|@prisma\/.*|@electric-sql\/.*)$/
const BUS = /^(redis|ioredis|@redis\/.*)$/

/** Layer → packages it may not import, with the reason. */
export const NO_PACKAGES = {
  env: [[GRAPHQL, 'the settings know no GraphQL']],
  deps: [[GRAPHQL, 'services are wired without GraphQL']],
  services: [[GRAPHQL, 'a service imports no GraphQL']],
  metrics: [[GRAPHQL, 'a service imports no GraphQL']],
  measurements: [
    [GRAPHQL, 'a service imports no GraphQL'],
    [DATABASE, 'only the store knows the database'],
    [BUS, 'only live/ knows a bus'],
  ],
  sources: [
    [GRAPHQL, 'a source touches neither bus nor database'],
    [DATABASE, 'a source touches neither bus nor database'],
    [BUS, 'a source touches neither bus nor database'],
  ],
  'bus interface': [
    [GRAPHQL, 'the bus knows no GraphQL'],
    [DATABASE, 'the bus knows no database'],
    [BUS, 'an interface has no backend'],
  ],
  // Executing once for many subscribers is its work, so graphql itself is allowed; the schema's makers and the server
  // are not.
  live: [[/^(graphql-yoga|@graphql-yoga\/.*|@pothos\/.*)$/, 'live delivery knows no Pothos and no Yoga']],
  database: [[GRAPHQL, 'the database knows no GraphQL']],
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
  return LAYERS.find((layer) => layer.files.test(path))?.name ?? null
}
