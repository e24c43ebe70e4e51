import { isIP } from 'node:net'

/** What kept a scrape from an answer that can be used. */
export type ScrapeFailureReason =
  | 'NOT_ALLOWED'
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'REDIRECTED'
  | 'UNAUTHORIZED'
  | 'STATUS'
  | 'NOT_METRICS'
  | 'TRUNCATED'
  | 'TOO_LARGE'

/** The message is one sentence that says what is wrong and what would be right; it holds no secret. */
export class ScrapeFailedError extends Error {
  override name = 'ScrapeFailedError'
  readonly reason: ScrapeFailureReason

  constructor(reason: ScrapeFailureReason, message: string) {
    super(message)
    this.reason = reason
  }
}

const MAX_SHOWN_CHARACTERS = 100

/** A host or path of a URL in a message: never its user, password or query, which may be secrets. */
export function shown(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text
}

/** Whether a host that is a name exists is not said: it would map our network. What an address is, everybody knows. */
export function notAllowed({ hostname }: URL): ScrapeFailedError {
  const host = shown(hostname.replace(/^\[(.*)\]$/, '$1'))
  const remedy = `start Gaugeline with SCRAPE_ALLOWED_HOSTS=${host}`
  return new ScrapeFailedError(
    'NOT_ALLOWED',
    isIP(host) !== 0
      ? `The address ${host} is not public: to allow it, ${remedy}.`
      : `The host ${host} does not exist, or is not public: correct its name, or ${remedy}.`,
  )
}

export function timedOut(host: string, timeoutMs: number, hasBegun: boolean): ScrapeFailedError {
  const seconds = `${timeoutMs / 1000} s`
  return new ScrapeFailedError(
    'TIMED_OUT',
    hasBegun
      ? `The answer of ${host} was not complete after ${seconds}: it needs a longer timeout, or fewer series.`
      : `${host} did not answer within ${seconds}: it is overloaded, or a firewall between us drops the connection.`,
  )
}

/** Of an error before there was an answer. */
export function unreachable(host: string, error: unknown): ScrapeFailedError {
  const code = codeOf(error)
  if (code?.startsWith('HPE_') === true) {
    return new ScrapeFailedError('NOT_METRICS', `${host} does not answer in HTTP (${code}): its port is another one.`)
  }
  return new ScrapeFailedError('UNREACHABLE', `${cause(host, code)}.`)
}

function cause(host: string, code: string | undefined): string {
  if (code === 'ECONNREFUSED')
    return `Nothing listens at ${host} (${code}): the server is down, or its port is another one`
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return `No network leads to ${host} (${code})`
  if (code === undefined || code === 'ECONNRESET' || code === 'EPIPE') {
    return `${host} closed the connection without an answer: it is overloaded, or speaks another protocol than that of the URL`
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return `${host} does not speak TLS (${code}): its URL may begin with http:`
  if (/CERT|SELF_SIGNED|TLS|ISSUER/.test(code)) {
    return `The certificate of ${host} is not trusted (${code}): name its authority in NODE_EXTRA_CA_CERTS`
  }
  return `${host} can't be reached (${code})`
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: unknown[] }
  return code ?? (errors === undefined ? undefined : codeOf(errors[0]))
}
