import { Prisma } from './generated/client/client.ts'

/** The name of the unique constraint or index that a statement of Prisma or the pool broke; null for other errors. */
export function uniqueViolation(error: unknown): string | null {
  const fault = faultOf(error)
  if (fault?.code !== '23505') return null
  return fault.constraint ?? /unique constraint "([^"]+)"/.exec(fault.message)?.[1] ?? null
}

/** Whether rows refer to what a statement would delete, or a statement refers to rows that are not there. */
export function isForeignKeyViolation(error: unknown): boolean {
  // PostgreSQL 18, and so the embedded database, has a code of its own for "on delete restrict".
  const code = faultOf(error)?.code
  return code === '23503' || code === '23001'
}

/** The name of the check constraint that a statement broke; null for other errors. */
export function checkViolation(error: unknown): string | null {
  const fault = faultOf(error)
  if (fault?.code !== '23514') return null
  return fault.constraint ?? /check constraint "([^"]+)"/.exec(fault.message)?.[1] ?? null
}

/** Whether a row belongs into a partition that is not there; the statement has stored nothing. */
export function isMissingPartition(error: unknown): boolean {
  // A check that was broken is named, and this one has no name.
  return faultOf(error)?.code === '23514' && checkViolation(error) === null
}

/**
 * Whether the database could not be reached, gave no answer in time, was shutting down or refuses writes: whether
 * trying again later makes sense. The outcome of a statement in flight is then unknown.
 */
export function isUnavailable(error: unknown): boolean {
  for (const { code, message, kind } of chain(error)) {
    if (code !== undefined && unavailableCodes.test(code)) return true
    if (kind !== undefined && unavailableKinds.has(kind)) return true
    if (unavailableMessages.test(message)) return true
  }
  return false
}

const unavailableCodes = new RegExp(
  `^(${[
    // Sockets; one that was ended on purpose.
    'ABORT_ERR|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN',
    // Connection exceptions, too many connections, timeouts, shutdown, crash, starting up.
    '08\\w{3}|53300|57014|57P0[1-3]|25P03',
    // A full disk; read-only after a failover, or because the disk is nearly full.
    '53100|25006',
    // Prisma's own for the same.
    'P1001|P1002|P1008|P1017|P2024|P2028|P2037',
  ].join('|')})$`,
)
const unavailableKinds = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections'])
// What pg and its pool throw has no codes.
const unavailableMessages = new RegExp(
  `^(${[
    'timeout exceeded when trying to connect',
    'Connection terminated',
    'Query read timeout',
    'Client has encountered a connection error',
    'Client was closed',
    'Cannot use a pool after calling end',
  ].join('|')})`,
)

interface Fault {
  message: string
  code?: string | undefined
  kind?: string | undefined
  constraint?: string | undefined
}

/** The error of PostgreSQL within what pg or Prisma threw. */
function faultOf(error: unknown): Fault | undefined {
  return chain(error).find(({ code }) => code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^P\d/.test(code))
}

/** An error and every error that it wraps, outermost first. */
function chain(error: unknown): Fault[] {
  const faults: Fault[] = []
  let next = error
  for (let depth = 0; depth < 8 && isObject(next); depth += 1) {
    faults.push({
      message: textOf(next, 'originalMessage') ?? textOf(next, 'message') ?? '',
      code: textOf(next, 'originalCode') ?? textOf(next, 'code'),
      kind: textOf(next, 'kind'),
      constraint: textOf(next, 'constraint'),
    })
    next = wrapped(next)
  }
  return faults
}

function wrapped(error: object): unknown {
  if (error instanceof Prisma.PrismaClientKnownRequestError) return error.meta?.['driverAdapterError']
  if (error instanceof AggregateError) return error.errors[0]
  return Reflect.get(error, 'cause')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function textOf(of: object, key: string): string | undefined {
  const value: unknown = Reflect.get(of, key)
  return typeof value === 'string' ? value : undefined
}
