import pg from 'pg'
import { codeOf, DatabaseStartError, reasonOf } from './database-start-error.ts'

const connectTimeoutMs = 5_000
const defaultSchema = 'public'

/** Which server, which of its databases, and which schema in it. */
export interface PostgresTarget {
  config: pg.ClientConfig
  /** Host and port, or the folder of the socket; never the password. */
  where: string
  user: string
  database: string
  /** The one that holds all tables: the parameter `schema` of the URL. */
  schema: string
}

/**
 * Reads DATABASE_URL. What it leaves out, pg takes from the usual variables like PGPASSWORD.
 *
 * @throws DatabaseStartError when it cannot be used; never with the password.
 */
export function readPostgresUrl(text: string): PostgresTarget {
  const url = parse(text)
  const schema = url.searchParams.get('schema') ?? defaultSchema
  // Prisma does not escape quotes in it; PostgreSQL silently shortens longer names.
  if (schema === '' || /["\0]/.test(schema) || Buffer.byteLength(schema) > 63) {
    throw new DatabaseStartError(
      'DATABASE_URL holds a schema that cannot be used: write ?schema=name, of at most 63 bytes without quotes.',
    )
  }
  const config = { connectionString: withStrictTls(text, url), connectionTimeoutMillis: connectTimeoutMs }
  const { host, port, user = 'postgres', database = user } = clientOf(config)
  return { config, where: host.startsWith('/') ? host : `${host}:${port}`, user, database, schema }
}

/** Connects to nothing: only pg knows what it makes of a URL and of the variables. */
function clientOf(config: pg.ClientConfig): pg.Client {
  try {
    return new pg.Client(config)
  } catch (error) {
    const path = error instanceof Error && 'path' in error ? String(error.path) : null
    throw new DatabaseStartError(
      path === null
        ? `DATABASE_URL cannot be used: ${reasonOf(error)}.`
        : `DATABASE_URL names the file ${path}, which cannot be read: correct sslrootcert, sslcert or sslkey.`,
      { cause: error },
    )
  }
}

/**
 * Each mode that asks for TLS verifies the certificate, which is what pg makes of it as well, but not without a long
 * warning that this will change. With `uselibpqcompat=true` the modes mean what they mean to psql.
 */
function withStrictTls(text: string, url: URL): string {
  if (url.searchParams.get('uselibpqcompat') === 'true') return text
  return text.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/g, '$1verify-full')
}

function parse(text: string): URL {
  const refuse = () => {
    throw new DatabaseStartError(
      'DATABASE_URL is not a PostgreSQL address: write it as postgres://user:password@host:5432/database, ' +
        'with special characters %-encoded.',
    )
  }
  try {
    // Without a host, which pg allows: the socket folder may be given in the query.
    const url = new URL(text.replace('@/', '@localhost/'))
    decodeURIComponent(url.username + url.password + url.pathname)
    // What a password ends in when it holds a /, # or ? as it is: the rest of it must not be taken for a path, and
    // shown.
    if (url.hash !== '' || `${url.pathname}${url.search}`.includes('@')) return refuse()
    return url.protocol === 'postgres:' || url.protocol === 'postgresql:' ? url : refuse()
  } catch {
    return refuse()
  }
}

/** What is wrong, and what to do about it, when a server cannot be reached or refuses the connection. */
export function explainConnection(error: unknown, { where, user, database }: PostgresTarget): string {
  const code = codeOf(error)
  const reason = reasonOf(error)
  if (isCertificateError(code)) {
    return (
      `PostgreSQL at ${where} has a certificate that cannot be verified: ${reason}. Name the file of its CA in ` +
      'DATABASE_URL (sslmode=verify-full&sslrootcert=/path/ca.pem) or in NODE_EXTRA_CA_CERTS; ' +
      'sslmode=no-verify accepts any certificate.'
    )
  }
  if (/does not support SSL/.test(reason)) {
    return `PostgreSQL at ${where} has no TLS: remove sslmode from DATABASE_URL, or enable TLS on the server.`
  }
  switch (code) {
    case '28P01':
    case '28000':
      return /no encryption|SSL off/.test(reason)
        ? `PostgreSQL at ${where} refuses connections without TLS: add ?sslmode=verify-full to DATABASE_URL.`
        : `PostgreSQL at ${where} refuses user "${user}": correct user and password in DATABASE_URL.`
    case '3D000':
      return `PostgreSQL at ${where} has no database "${database}": create it, or correct DATABASE_URL.`
    case 'ECONNREFUSED':
    case 'ENOENT':
      return unreachable(where, 'nothing answers there')
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unreachable(where, 'that host is not known')
    default:
      return /timeout/i.test(reason)
        ? unreachable(where, `no answer within ${connectTimeoutMs / 1000} s`)
        : `PostgreSQL at ${where} cannot be used: ${reason}. Correct DATABASE_URL or the server.`
  }
}

function unreachable(where: string, reason: string): string {
  const advice = 'Start it, correct DATABASE_URL, or unset it for the embedded database.'
  return `PostgreSQL at ${where} cannot be reached: ${reason}. ${advice}`
}

// The codes of OpenSSL have no common form: these are the ones that a wrong or private CA, a wrong name and an expired
// certificate lead to.
function isCertificateError(code: unknown): boolean {
  return (
    typeof code === 'string' &&
    /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)
  )
}
