import { describe, expect, it } from 'vitest'
import { EnvError, readEnv } from './env.ts'

function messageFor(source: Record<string, string>): string {
  try {
    readEnv(source)
  } catch (error) {
    if (error instanceof EnvError) return error.message
    throw error
  }
  throw new Error(`${JSON.stringify(source)} was accepted`)
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe('readEnv', () => {
  it('returns the documented defaults when nothing is set', () => {
    expect(readEnv({})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      databaseUrl: undefined,
      dataDir: '.data',
      adminToken: undefined,
      sampleIntervalMs: 1000,
      keep: {
        samplesMs: 6 * HOUR_MS,
        merged: [
          { resolutionMs: 10_000, keepMs: 3 * DAY_MS },
          { resolutionMs: 60_000, keepMs: 30 * DAY_MS },
          { resolutionMs: 300_000, keepMs: 30 * DAY_MS },
          { resolutionMs: 600_000, keepMs: 180 * DAY_MS },
          { resolutionMs: 3_600_000, keepMs: 730 * DAY_MS },
          { resolutionMs: 86_400_000, keepMs: 1825 * DAY_MS },
        ],
      },
      seed: 'demo',
      keepAliveMs: 75_000,
      allowedHosts: [],
      allowedOrigins: [],
      allowedHeaders: [],
      publicUrl: undefined,
      basePath: '',
      trustedProxies: [],
      logLevel: 'info',
      webhookAllowedHosts: [],
      scrapeAllowedHosts: [],
      trafficTrace: undefined,
      quotas: {
        activeDeployments: 1000,
        apiTokens: 1000,
        simulatedRuns: 50,
        stepsPerTrainingJob: 10_000,
        webhooks: 50,
      },
    })
  })

  it('reads every setting', () => {
    const adminToken = 'x'.repeat(32)
    expect(
      readEnv({
        HOST: '::1',
        PORT: '0',
        DATABASE_URL: 'postgresql://u:p@db:5432/gauges',
        DATA_DIR: '/var/lib/gaugeline',
        ADMIN_TOKEN: adminToken,
        SAMPLE_INTERVAL_MS: '10',
        KEEP_SAMPLES_HOURS: '2',
        KEEP_10S_DAYS: '1',
        KEEP_1MIN_DAYS: '2',
        KEEP_10MIN_DAYS: '3',
        KEEP_1H_DAYS: '4',
        KEEP_1D_DAYS: '5',
        SEED: 'demo',
        KEEP_ALIVE_SECONDS: '620',
        ALLOWED_HOSTS: 'Gaugeline, gaugeline:4000,.svc.cluster.local,10.1.2.3,[fd00::1]:80',
        ALLOWED_HEADERS: 'x-tenant, X-Trace-Id',
        ALLOWED_ORIGINS: 'https://a.example, http://127.0.0.1:5173/,',
        PUBLIC_URL: 'https://Gauges.example.com/',
        TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8,fd00::/8',
        LOG_LEVEL: 'debug',
        WEBHOOK_ALLOWED_HOSTS: '10.0.0.0/8, ::1,hooks.internal',
        SCRAPE_ALLOWED_HOSTS: 'gpu7.internal, 127.0.0.1',
        TRAFFIC_TRACE: 'trace.csv',
        MAX_ACTIVE_DEPLOYMENTS: '1',
        MAX_API_TOKENS: '2',
        MAX_SIMULATED_RUNS: '3',
        MAX_STEPS_PER_TRAINING_JOB: '4000',
        MAX_WEBHOOKS: '5',
      }),
    ).toEqual({
      host: '::1',
      port: 0,
      databaseUrl: 'postgresql://u:p@db:5432/gauges',
      dataDir: '/var/lib/gaugeline',
      adminToken,
      sampleIntervalMs: 10,
      keep: {
        samplesMs: 2 * HOUR_MS,
        merged: [
          { resolutionMs: 10_000, keepMs: DAY_MS },
          { resolutionMs: 60_000, keepMs: 2 * DAY_MS },
          { resolutionMs: 300_000, keepMs: 2 * DAY_MS },
          { resolutionMs: 600_000, keepMs: 3 * DAY_MS },
          { resolutionMs: 3_600_000, keepMs: 4 * DAY_MS },
          { resolutionMs: 86_400_000, keepMs: 5 * DAY_MS },
        ],
      },
      seed: 'demo',
      keepAliveMs: 620_000,
      allowedHosts: ['gaugeline', 'gaugeline:4000', '.svc.cluster.local', '10.1.2.3', '[fd00::1]:80'],
      allowedHeaders: ['x-tenant', 'X-Trace-Id'],
      allowedOrigins: ['https://a.example', 'http://127.0.0.1:5173'],
      publicUrl: 'https://gauges.example.com',
      basePath: '',
      trustedProxies: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'],
      logLevel: 'debug',
      webhookAllowedHosts: ['10.0.0.0/8', '::1', 'hooks.internal'],
      scrapeAllowedHosts: ['gpu7.internal', '127.0.0.1'],
      trafficTrace: 'trace.csv',
      quotas: { activeDeployments: 1, apiTokens: 2, simulatedRuns: 3, stepsPerTrainingJob: 4000, webhooks: 5 },
    })
  })

  it('treats an empty value as unset', () => {
    expect(readEnv({ PORT: '', ADMIN_TOKEN: '  ', SEED: '' })).toEqual(readEnv({}))
  })

  it('keeps samples longer on a PostgreSQL server, and nothing coarser for less time than them', () => {
    const DATABASE_URL = 'postgres://db/gauges'
    const kept = (settings: Record<string, string>) => {
      const { samplesMs, merged } = readEnv({ DATABASE_URL, ...settings }).keep
      return [samplesMs, ...merged.map(({ keepMs }) => keepMs)].map((ms) => ms / DAY_MS)
    }
    expect(kept({})).toEqual([1, 3, 30, 30, 180, 730, 1825])
    expect(kept({ KEEP_SAMPLES_HOURS: '240' })).toEqual([10, 10, 30, 30, 180, 730, 1825])
    expect(kept({ KEEP_1MIN_DAYS: '365' })).toEqual([1, 3, 365, 365, 365, 730, 1825])
    expect(() => kept({ KEEP_SAMPLES_HOURS: '73', KEEP_10S_DAYS: '3' })).toThrow(
      'KEEP_10S_DAYS holds "3"; finer windows are kept longer: it may hold 4 or more.',
    )
  })

  it('seeds only the embedded database by default', () => {
    const DATABASE_URL = 'postgres://db/gauges'
    expect(readEnv({ DATABASE_URL }).seed).toBe('none')
    expect(readEnv({ DATABASE_URL, SEED: 'demo' }).seed).toBe('demo')
  })

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '0x10'],
    ['PORT', '80.5'],
    ['PORT', 'http'],
    ['HOST', 'http://127.0.0.1'],
    ['HOST', 'a b'],
    ['SAMPLE_INTERVAL_MS', '9'],
    ['SAMPLE_INTERVAL_MS', '60001'],
    ['SAMPLE_INTERVAL_MS', '1e3'],
    ['SAMPLE_INTERVAL_MS', '700'],
    ['SEED', 'Demo'],
    ['MAX_ACTIVE_DEPLOYMENTS', '-1'],
    ['MAX_SIMULATED_RUNS', '1001'],
    ['MAX_STEPS_PER_TRAINING_JOB', '1e4'],
    ['MAX_API_TOKENS', 'none'],
    ['MAX_WEBHOOKS', '1.5'],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'null'],
    ['ALLOWED_ORIGINS', 'https://a.example/path'],
    ['ALLOWED_ORIGINS', 'https://a.example,ftp://b.example'],
    ['ALLOWED_HOSTS', '*'],
    ['ALLOWED_HOSTS', '*.svc'],
    ['ALLOWED_HOSTS', 'http://gaugeline'],
    ['ALLOWED_HOSTS', '10.0.0.0/8'],
    ['ALLOWED_HOSTS', 'gaugeline,.'],
    ['ALLOWED_HEADERS', '*'],
    ['ALLOWED_HEADERS', 'x-tenant: a'],
    ['KEEP_ALIVE_SECONDS', '0'],
    ['PUBLIC_URL', 'gauges.example.com'],
    ['PUBLIC_URL', 'https://gauges.example.com/app?x=1'],
    ['PUBLIC_URL', 'https://gauges.example.com/app#x'],
    ['PUBLIC_URL', 'https://gauges.example.com//'],
    ['PUBLIC_URL', 'https://gauges.example.com/a//b'],
    ['PUBLIC_URL', 'https://gauges.example.com/a/../b'],
    ['PUBLIC_URL', 'https://gauges.example.com/<b>'],
    ['PUBLIC_URL', 'https://gauges.example.com/graphql'],
    ['PUBLIC_URL', 'https://gauges.example.com/metrics/gaugeline'],
    ['PUBLIC_URL', 'ws://gauges.example.com'],
    ['TRUSTED_PROXIES', 'proxy.internal'],
    ['TRUSTED_PROXIES', '10.0.0.1 10.0.0.2'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '*'],
    ['WEBHOOK_ALLOWED_HOSTS', 'http://hooks.internal'],
    ['WEBHOOK_ALLOWED_HOSTS', '10.0.0.0/33'],
    ['WEBHOOK_ALLOWED_HOSTS', '10.0.0'],
    ['WEBHOOK_ALLOWED_HOSTS', '*'],
    ['SCRAPE_ALLOWED_HOSTS', 'http://gpu7.internal:8000/metrics'],
    ['SCRAPE_ALLOWED_HOSTS', 'gpu7.internal:8000'],
    ['SCRAPE_ALLOWED_HOSTS', '*'],
    ['LOG_LEVEL', 'verbose'],
    ['DATABASE_URL', 'mysql://db/gauges'],
  ])('refuses %s=%s in one line that names it, shows it and says what it may hold', (name, value) => {
    const message = messageFor({ [name]: value })
    expect(message).toMatch(new RegExp(`^${name} holds .*; it may hold .+\\.$`))
    expect(message).not.toContain('\n')
    if (name !== 'DATABASE_URL') expect(message).toContain(JSON.stringify(value))
  })

  it('keeps the message on one line and short, whatever the value', () => {
    const message = messageFor({ HOST: `a\nb${'c'.repeat(10_000)}` })
    expect(message).not.toContain('\n')
    expect(message.length).toBeLessThan(300)
  })

  it('never prints an admin token', () => {
    const short = messageFor({ ADMIN_TOKEN: 'hunter2-hunter2' })
    expect(short).toContain('15 characters')
    expect(short).not.toContain('hunter2')
    expect(messageFor({ ADMIN_TOKEN: `${'s3cret-'.repeat(8)} ` })).not.toContain('s3cret')
  })

  it.each([
    'mysql://owner:hunter2@db/gauges?sslpassword=hunter2',
    'postgresql:owner:hunter2@db/gauges',
    'postgresql//owner:hunter2@db',
    'postgresql://owner:hunter2@db:99999/gauges',
    'postgresql://owner:1/hunter2@db/gauges',
    'postgresql://owner:1#hunter2@db/gauges',
    'postgresql://owner:1?hunter2@db/gauges',
  ])('never prints the password of a database URL: %s', (url) => {
    expect(messageFor({ DATABASE_URL: url })).not.toContain('hunter2')
  })

  it('never prints the password of a public URL', () => {
    expect(messageFor({ PUBLIC_URL: 'https://owner:hunter2@gauges.example.com' })).not.toContain('hunter2')
  })

  it.each([
    ['https://Example.com/gaugeline', 'https://example.com', '/gaugeline'],
    ['https://example.com/tools/Gauges_2.0/', 'https://example.com', '/tools/Gauges_2.0'],
    ['http://127.0.0.1:8080/graphqlish', 'http://127.0.0.1:8080', '/graphqlish'],
  ])('reads the path of PUBLIC_URL=%s', (value, publicUrl, basePath) => {
    expect(readEnv({ PUBLIC_URL: value })).toMatchObject({ publicUrl, basePath })
  })
})
