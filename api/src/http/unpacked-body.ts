import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'
import { readBytes } from './request-body.ts'
import { RequestError } from './request-error.ts'

const unzip = promisify(gunzip)
/** A smaller body is unpacked at once: to hand it to another thread takes longer. */
const SMALL_BYTES = 16 * 1024

/**
 * Reads the bytes of a body that may be packed with gzip.
 * @param maxBytes as received, and unpacked
 * @param onBytes is called with the size of each part that is received, and of what came out of them; may throw to refuse
 *   the body
 * @throws RequestError
 */
export async function readUnpacked(
  req: IncomingMessage,
  maxBytes: number,
  onBytes: (bytes: number) => void,
): Promise<Buffer> {
  const encoding = (req.headers['content-encoding'] ?? 'identity').toLowerCase()
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new RequestError(415, 'Send the body with Content-Encoding: gzip, or without any.')
  }
  const bytes = await readBytes(req, maxBytes, onBytes)
  if (encoding === 'identity') return bytes
  try {
    const options = { maxOutputLength: maxBytes }
    const unpacked = bytes.length <= SMALL_BYTES ? gunzipSync(bytes, options) : await unzip(bytes, options)
    onBytes(unpacked.length)
    return unpacked
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new RequestError(413, `The unpacked body is larger than ${maxBytes} bytes.`)
    if (typeof code === 'string' && code.startsWith('Z_')) {
      throw new RequestError(400, 'The body is not valid gzip, or it is cut off.')
    }
    throw cause
  }
}
