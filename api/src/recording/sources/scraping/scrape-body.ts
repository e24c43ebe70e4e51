import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { ScrapeFailedError } from './scrape-failure.ts'

/** Of a body, unpacked; packed it may not be longer either. */
export const MAX_SCRAPE_BYTES = 10 * 1024 * 1024

export interface ScrapeBody {
  text: string
  bytes: number
}

/**
 * Reads and unpacks the body of an answer.
 *
 * @param host for the errors
 * @throws ScrapeFailedError NOT_METRICS, TRUNCATED or TOO_LARGE
 */
export async function readBody(response: IncomingMessage, host: string): Promise<ScrapeBody> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const isPacked = encoding === 'gzip' || encoding === 'x-gzip'
  if (!isPacked && encoding !== 'identity') {
    response.destroy()
    throw new ScrapeFailedError(
      'NOT_METRICS',
      `${host} packs its answer in a way that was not asked for (content-encoding): gzip or none is expected.`,
    )
  }
  const received = await collect(response, host)
  const body = isPacked ? await unpack(received, host) : received
  if (!isUtf8(body)) {
    throw new ScrapeFailedError('NOT_METRICS', `The answer of ${host} is no text in UTF-8, which metrics are.`)
  }
  return { text: body.toString('utf8'), bytes: body.length }
}

/** Whether only the end of the connection tells where the body ends. */
export function endsWithConnection({ headers }: IncomingMessage): boolean {
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
}

async function collect(response: IncomingMessage, host: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      // Leaving the loop destroys the connection.
      if (bytes > MAX_SCRAPE_BYTES) throw tooLarge(host)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof ScrapeFailedError || response.complete) throw error
    throw truncated(host)
  }
  return Buffer.concat(chunks, bytes)
}

const unzip = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)

async function unpack(body: Buffer, host: string): Promise<Buffer> {
  try {
    // It stops there, in the middle of unpacking.
    return await unzip(body, { maxOutputLength: MAX_SCRAPE_BYTES })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(host)
    if (code === 'Z_BUF_ERROR') throw truncated(host)
    throw new ScrapeFailedError('NOT_METRICS', `The answer of ${host} says that it is packed with gzip, and is not.`)
  }
}

function tooLarge(host: string): ScrapeFailedError {
  const most = `${MAX_SCRAPE_BYTES / 1024 / 1024} MiB`
  return new ScrapeFailedError(
    'TOO_LARGE',
    `The answer of ${host} is longer than ${most}, which is the most that is read: let it expose fewer series.`,
  )
}

export function truncated(host: string): ScrapeFailedError {
  return new ScrapeFailedError(
    'TRUNCATED',
    `The answer of ${host} ends before it is complete: the server, or a proxy before it, cuts it off.`,
  )
}
