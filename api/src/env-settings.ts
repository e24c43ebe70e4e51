import { isIP } from 'node:net'
import { z } from 'zod'
import { HOST_NAME, isHost, isHostName, isNetwork } from './base/host-names.ts'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const MAX_SHOWN_CHARACTERS = 80
// No dots alone: a URL is normalised before it is sent.
const BASE_PATH = /^(\/(?!\.+(\/|$))[\w.~-]+)+$/
// Below one of these, a path whose beginning a proxy has removed could not be told from a whole one.
const OWN_PATHS = /^\/(assets|export|graphql|healthz|metrics|readyz|schema\.graphql|session)(\/|$)/
// RFC 9110's token, without the asterisk: in a list of headers it would be a wildcard.
const HEADER_NAME = /^[\w!#$%&'+.^`|~-]+$/
// Characters that need no quoting in an Authorization header (RFC 6750's b64token, a little wider).
const TOKEN = /^[\x21-\x7e]*$/

/** The URL's origin, if the URL is only an http(s) origin; a trailing slash is accepted. */
function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:'
  return isHttp && (text.toLowerCase() === url.origin || text.toLowerCase() === `${url.origin}/`)
    ? url.origin
    : undefined
}

/** The origin and the path of a URL that has nothing else; a trailing slash is accepted. */
function publicUrlOf(text: string): { origin: string; basePath: string } | undefined {
  const [, start = '', path = ''] = /^([^/]*\/\/[^/]*)(.*)$/.exec(text) ?? []
  const origin = originOf(start)
  const basePath = path.replace(/\/$/, '')
  const isPath = basePath === '' || (BASE_PATH.test(basePath) && !OWN_PATHS.test(basePath))
  return origin !== undefined && isPath ? { origin, basePath } : undefined
}

function wholeNumber(min: number, max: number) {
  // Digits only: Number() would also take '', ' 1 ', '0x10' and '1e3'.
  return z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
}

function entriesOf(list: string): string[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

export interface Setting {
  schema: z.ZodType<unknown, string>
  mayHold: string
  /** How a wrong value is shown; default: the value itself. */
  shown?: (value: string) => string
}

export const settings = {
  // Loopback by default: listening on a network must be a deliberate choice.
  HOST: {
    schema: z.string().refine((host) => isIP(host) !== 0 || HOST_NAME.test(host)),
    mayHold: 'an IP address or a host name to listen on, like 127.0.0.1 or 0.0.0.0',
  },
  // 0 lets the system choose a free port: tests start many servers side by side.
  PORT: { schema: wholeNumber(0, 65_535), mayHold: 'a port from 0 (any free one) to 65535' },
  // PostgreSQL is the one dialect.
  DATABASE_URL: {
    schema: z
      .string()
      .refine((text) => /^postgres(ql)?:\/\//.test(text) && URL.canParse(text) && !isCutShort(new URL(text))),
    mayHold: 'a URL like postgresql://user:password@host:5432/database, or nothing for the embedded database',
    shown: describeDatabaseUrl,
  },
  DATA_DIR: {
    schema: z.string(),
    mayHold: 'the path of a folder for the embedded database',
  },
  // 32 characters: at 6 bits each far beyond guessing. 1024 keeps the header under Node's 16 KiB with room to spare.
  ADMIN_TOKEN: {
    schema: z.string().min(32).max(1024).regex(TOKEN),
    mayHold: '32 to 1024 printable ASCII characters without spaces',
    shown: (value) => `${value.length} characters${TOKEN.test(value) ? '' : ', some of them not allowed'}`,
  },
  // Below 10 ms, timers and one statement per window cannot keep up. Above a minute nothing is live, and catching up
  // (at most 60 s) would never cover a whole window.
  SAMPLE_INTERVAL_MS: {
    // Every point of a history consists of whole windows, and the finest are read in minutes.
    schema: wholeNumber(10, 60_000).refine((ms) => 60_000 % ms === 0),
    mayHold: 'milliseconds from 10 to 60000 that divide a minute, like 100, 250, 1000 or 5000',
  },
  // A month of seconds is more than coarser windows are asked for.
  KEEP_SAMPLES_HOURS: { schema: wholeNumber(1, 720), mayHold: 'hours from 1 to 720' },
  KEEP_10S_DAYS: keptDays(365),
  KEEP_1MIN_DAYS: keptDays(1_825),
  KEEP_10MIN_DAYS: keptDays(3_650),
  KEEP_1H_DAYS: keptDays(3_650),
  KEEP_1D_DAYS: keptDays(3_650),
  // Beyond an hour, no load balancer keeps a connection that is not used.
  KEEP_ALIVE_SECONDS: { schema: wholeNumber(1, 3_600), mayHold: 'seconds from 1 to 3600' },
  SEED: { schema: z.enum(['demo', 'history', 'none']), mayHold: 'demo, history or none' },
  MAX_ACTIVE_DEPLOYMENTS: quota(100_000),
  MAX_SIMULATED_RUNS: quota(1_000),
  MAX_STEPS_PER_TRAINING_JOB: quota(10_000_000),
  MAX_API_TOKENS: quota(100_000),
  MAX_WEBHOOKS: quota(1_000),
  // No wildcard for every host: a page could then reach the server under a name of its own (DNS rebinding).
  ALLOWED_HOSTS: {
    schema: z
      .string()
      .transform((list) => entriesOf(list.toLowerCase()))
      .refine((entries) => entries.every(isHost)),
    mayHold:
      'host names separated by commas, like gaugeline,gaugeline:4000,10.1.2.3, or .svc for all names in a domain',
  },
  ALLOWED_HEADERS: {
    schema: z
      .string()
      .transform(entriesOf)
      .refine((entries) => entries.every((entry) => HEADER_NAME.test(entry))),
    mayHold: 'names of headers separated by commas, like x-tenant,x-trace-id',
  },
  // Exact origins only: with a wildcard or `null`, any page could call with a person's credentials.
  ALLOWED_ORIGINS: {
    schema: z
      .string()
      .transform(entriesOf)
      .refine((entries) => entries.every((entry) => originOf(entry) !== undefined))
      .transform((entries) => entries.flatMap((entry) => originOf(entry) ?? [])),
    mayHold: 'exact origins separated by commas, like https://app.example.com,http://127.0.0.1:5173',
  },
  PUBLIC_URL: {
    schema: z
      .string()
      .transform(publicUrlOf)
      .refine((url) => url !== undefined),
    mayHold:
      'http(s)://host[:port][/path] without a user or query, like https://gauges.example.com or ' +
      'https://example.com/gaugeline; the path may not begin with one of this server, like /graphql',
    shown: (value) => (value.includes('@') ? 'a URL with a user or password' : quote(value)),
  },
  // No names and no wildcard: whoever is trusted here can call under any address.
  TRUSTED_PROXIES: {
    schema: z
      .string()
      .transform(entriesOf)
      .refine((entries) => entries.every(isNetwork)),
    mayHold: 'IP addresses and networks separated by commas, like 127.0.0.1,10.1.0.0/16,fd00::/8',
  },
  // Public addresses only by default: a webhook must not be a way into the operator's own network (SSRF).
  WEBHOOK_ALLOWED_HOSTS: reachable('hooks.internal'),
  // As for webhooks, and apart from them: whoever may deploy need not be allowed what whoever manages webhooks is.
  SCRAPE_ALLOWED_HOSTS: reachable('gpu7.internal'),
  LOG_LEVEL: { schema: z.enum(LOG_LEVELS), mayHold: `one of ${LOG_LEVELS.join(', ')}` },
  TRAFFIC_TRACE: { schema: z.string(), mayHold: 'the path of a recorded trace (CSV)' },
} satisfies Record<string, Setting>

/** 0 is allowed: then there can be none. */
function quota(highest: number) {
  return { schema: wholeNumber(0, highest), mayHold: `a number from 0 to ${highest}` }
}

/** Hosts of the operator's own network that we may reach. */
function reachable(example: string) {
  return {
    schema: z
      .string()
      .transform(entriesOf)
      .refine((entries) => entries.every((entry) => isNetwork(entry) || isHostName(entry))),
    mayHold: `host names, IP addresses and networks separated by commas, like ${example},10.1.0.0/16,fd00::/8`,
  }
}

function keptDays(highest: number) {
  return { schema: wholeNumber(1, highest), mayHold: `days from 1 to ${highest}` }
}

export type SettingName = keyof typeof settings

/** Escapes control characters and shortens long values, so that the message stays one line. */
export function quote(value: string): string {
  const cut = value.length > MAX_SHOWN_CHARACTERS ? `${value.slice(0, MAX_SHOWN_CHARACTERS)}…` : value
  return JSON.stringify(cut)
}

/** A password with an unencoded /, # or ? ends there, and its rest would be part of the path, the query or the hash. */
function isCutShort({ hash, pathname, search }: URL): boolean {
  return hash !== '' || `${pathname}${search}`.includes('@')
}

/** The URL without user, password and query, all of which can contain secrets. */
function describeDatabaseUrl(value: string): string {
  if (!URL.canParse(value)) return 'something that is not a URL (not shown: it may hold a password)'
  if (isCutShort(new URL(value))) return 'an address with an unencoded /, # or ? in its password (not shown)'
  const { protocol, host, pathname } = new URL(value)
  // Without `//`, everything after the scheme is one opaque path, including a password.
  return host === '' ? `a ${protocol} URL without a host (not shown)` : quote(`${protocol}//…@${host}${pathname}`)
}
