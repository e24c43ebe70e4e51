import { Latencies } from './latencies.ts'
import { ByteStream } from './stream.ts'

const HEAD_END = '\r\n\r\n'

export interface RequestLoad {
  origin: string
  /** Request by request, the next, so that no two of them that are in flight are the same; all are, when there is one. */
  bodies: readonly string[]
  /** Request by request, the next: each has a budget of its own. None for a server that checks none. */
  tokens: readonly string[]
  /** What every answer must hold. */
  holds: string
  connections: number
  /** How many to send, by all connections together; at least one each. */
  count: number
}

export interface Requested {
  requests: number
  p50Ms: number
  p99Ms: number
  bytesPerAnswer: number
}

interface Total {
  sent: number
  /** Answered. */
  requests: number
  bytes: number
}

/** Each connection asks again as soon as it has its answer, until all are sent. */
export async function request(load: RequestLoad): Promise<Requested> {
  const latencies = new Latencies()
  const total: Total = { sent: 0, requests: 0, bytes: 0 }
  await Promise.all(Array.from({ length: load.connections }, () => repeat(load, latencies, total)))
  return {
    requests: total.requests,
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    bytesPerAnswer: total.bytes / total.requests,
  }
}

async function repeat(
  { origin, bodies, tokens, holds, count }: RequestLoad,
  latencies: Latencies,
  total: Total,
): Promise<void> {
  const url = new URL(origin)
  const next = () => {
    const token = tokens[total.sent % tokens.length]
    const body = bodies[total.sent % bodies.length] ?? ''
    total.sent += 1
    return (
      `POST /graphql HTTP/1.1\r\nHost: ${url.host}\r\nAccept: application/json\r\n` +
      (token === undefined ? '' : `Authorization: Bearer ${token}\r\n`) +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}${HEAD_END}${body}`
    )
  }
  await new Promise<void>((resolve, reject) => {
    let sentAt = performance.now()
    let isDone = false
    let failure: Error | undefined
    const stream = new ByteStream(url, undefined, {
      onBytes: (bytes, length) => {
        const answer = bytes.subarray(0, length)
        const size = sizeOf(answer)
        if (size === undefined || size > length) return 0
        if (!answer.subarray(0, 12).equals(OK) || answer.includes('"errors":[') || !answer.includes(holds)) {
          failure = new Error(`A request was answered: ${answer.toString()}`)
          stream.socket.destroy()
          return size
        }
        const now = performance.now()
        latencies.add(now - sentAt)
        total.requests += 1
        total.bytes += size
        sentAt = now
        isDone = total.sent >= count
        if (isDone) stream.socket.destroy()
        else stream.socket.write(next())
        return size
      },
      onClose: () => {
        if (failure !== undefined) reject(failure)
        else if (isDone) resolve()
        else reject(new Error('A connection was closed before its time.'))
      },
    })
    stream.socket.write(next())
  })
}

const OK = Buffer.from('HTTP/1.1 200')

/** Of an answer with its head, in bytes; undefined while the head is not whole. */
function sizeOf(answer: Buffer): number | undefined {
  const end = answer.indexOf(HEAD_END, 0, 'latin1')
  if (end < 0) return undefined
  const length = /content-length: (\d+)/i.exec(answer.toString('latin1', 0, end))?.[1]
  if (length === undefined) throw new Error('An answer has no Content-Length.')
  return end + HEAD_END.length + Number(length)
}
