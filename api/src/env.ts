import type { z } from 'zod'
import { KEEP_SAMPLES_HOURS, type KeptTimes, MERGED_RESOLUTIONS } from './base/kept-times.ts'
import { KEEP_ALIVE_SECONDS, QUOTAS } from './base/limits.ts'
import type { Quotas } from './base/quotas.ts'
import { type LogLevel, quote, type Setting, type SettingName, settings } from './env-settings.ts'

/** An invalid setting, which stops the start. The message is one line: the variable, its value, the allowed values. */
export class EnvError extends Error {
  override name = 'EnvError'
}

/** The settings of this process; only `readEnv` knows the names of their variables. */
export interface Env {
  host: string
  port: number
  /** Unset: the embedded database in `dataDir`. */
  databaseUrl: string | undefined
  dataDir: string
  /** A token with every scope, for automation. Never printed, never stored. */
  adminToken: string | undefined
  sampleIntervalMs: number
  keep: KeptTimes
  /** How long a connection stays open between two requests. */
  keepAliveMs: number
  seed: 'demo' | 'history' | 'none'
  quotas: Quotas
  /** Hosts that this server answers to, besides its own: `name`, `name:port`, or `.domain` for all names in it. */
  allowedHosts: readonly string[]
  /** Headers that pages of other origins may send, besides those that GraphQL clients usually send. */
  allowedHeaders: readonly string[]
  /** Exact origins (`https://host:port`) that may make cross-origin calls. */
  allowedOrigins: readonly string[]
  /** The origin that people and links use, if it differs from the address the server listens on. */
  publicUrl: string | undefined
  /** The path of PUBLIC_URL, like `/gaugeline`: people reach everything below it. Empty without one. */
  basePath: string
  /** Addresses and networks of the proxies whose `X-Forwarded-For` counts. Empty: see `CallerAddresses`. */
  trustedProxies: readonly string[]
  logLevel: LogLevel
  /** Host names, addresses and networks that webhooks may reach besides public addresses. */
  webhookAllowedHosts: readonly string[]
  /** The same of the model servers that are scraped. */
  scrapeAllowedHosts: readonly string[]
  /** Path of a recorded trace that drives the simulated traffic. */
  trafficTrace: string | undefined
}

/**
 * Reads and checks every setting. An empty value counts as unset.
 * @throws EnvError for the first setting that is wrong.
 */
export function readEnv(source: Record<string, string | undefined> = process.env): Env {
  function read<N extends SettingName>(name: N): z.output<(typeof settings)[N]['schema']> | undefined {
    const value = source[name]
    if (value === undefined || value.trim() === '') return undefined
    const setting: Setting = settings[name]
    const parsed = settings[name].schema.safeParse(value)
    if (parsed.success) return parsed.data as z.output<(typeof settings)[N]['schema']>
    throw new EnvError(`${name} holds ${(setting.shown ?? quote)(value)}; it may hold ${setting.mayHold}.`)
  }

  /** What is coarser is kept for at least as long as what it was merged from. */
  function readKept(usualHours: number): KeptTimes {
    const hourMs = 3_600_000
    const samplesMs = (read('KEEP_SAMPLES_HOURS') ?? usualHours) * hourMs
    let leastMs = samplesMs
    const merged = MERGED_RESOLUTIONS.map(({ resolutionMs, name, days }) => {
      const given = name === undefined ? undefined : read(`KEEP_${name}_DAYS`)
      if (given !== undefined && given * 24 * hourMs < leastMs) {
        const least = Math.ceil(leastMs / hourMs / 24)
        throw new EnvError(
          `KEEP_${name}_DAYS holds "${given}"; finer windows are kept longer: it may hold ${least} or more.`,
        )
      }
      leastMs = Math.max(leastMs, (given ?? days) * 24 * hourMs)
      return { resolutionMs, keepMs: leastMs }
    })
    return { samplesMs, merged }
  }

  const databaseUrl = read('DATABASE_URL')
  const publicUrl = read('PUBLIC_URL')
  return {
    host: read('HOST') ?? '127.0.0.1',
    port: read('PORT') ?? 4000,
    databaseUrl,
    dataDir: read('DATA_DIR') ?? '.data',
    adminToken: read('ADMIN_TOKEN'),
    sampleIntervalMs: read('SAMPLE_INTERVAL_MS') ?? 1000,
    keep: readKept(KEEP_SAMPLES_HOURS[databaseUrl === undefined ? 'embedded' : 'postgres']),
    // Example data is for trying out Gaugeline, not for someone's own PostgreSQL database.
    seed: read('SEED') ?? (databaseUrl === undefined ? 'demo' : 'none'),
    quotas: {
      activeDeployments: read('MAX_ACTIVE_DEPLOYMENTS') ?? QUOTAS.activeDeployments,
      simulatedRuns: read('MAX_SIMULATED_RUNS') ?? QUOTAS.simulatedRuns,
      stepsPerTrainingJob: read('MAX_STEPS_PER_TRAINING_JOB') ?? QUOTAS.stepsPerTrainingJob,
      apiTokens: read('MAX_API_TOKENS') ?? QUOTAS.apiTokens,
      webhooks: read('MAX_WEBHOOKS') ?? QUOTAS.webhooks,
    },
    keepAliveMs: (read('KEEP_ALIVE_SECONDS') ?? KEEP_ALIVE_SECONDS) * 1000,
    allowedHosts: read('ALLOWED_HOSTS') ?? [],
    allowedOrigins: read('ALLOWED_ORIGINS') ?? [],
    allowedHeaders: read('ALLOWED_HEADERS') ?? [],
    publicUrl: publicUrl?.origin,
    basePath: publicUrl?.basePath ?? '',
    trustedProxies: read('TRUSTED_PROXIES') ?? [],
    logLevel: read('LOG_LEVEL') ?? 'info',
    webhookAllowedHosts: read('WEBHOOK_ALLOWED_HOSTS') ?? [],
    scrapeAllowedHosts: read('SCRAPE_ALLOWED_HOSTS') ?? [],
    trafficTrace: read('TRAFFIC_TRACE'),
  }
}
