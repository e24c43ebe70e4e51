import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { RequestError } from './request-error.ts'

/**
 * Reads the JSON value in a request's body.
 * @param mediaTypes the allowed values of Content-Type. Forms and plain text are refused: a page of another site can
 *   send those without a preflight.
 * @param onBytes is called with the size of each part that is received, and may throw to refuse the body
 * @throws RequestError
 */
export async function readJson(
  req: IncomingMessage,
  maxBytes: number,
  mediaTypes: readonly string[],
  onBytes: (bytes: number) => void = () => undefined,
): Promise<unknown> {
  const [mediaType = '', ...parameters] = (req.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  if (!mediaTypes.includes(mediaType) || (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset))) {
    throw new RequestError(415, `Send Content-Type: ${mediaTypes.join(' or ')}, in UTF-8.`)
  }
  if (req.headers['content-encoding'] !== undefined)
    throw new RequestError(415, 'Send the body without Content-Encoding.')

  const bytes = await readBytes(req, maxBytes, onBytes)
  // Invalid UTF-8 is refused, never silently replaced.
  if (!isUtf8(bytes)) throw new RequestError(400, 'The body is not valid UTF-8.')
  try {
    return JSON.parse(bytes.toString())
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new RequestError(400, 'The body is not valid JSON.')
  }
}

/**
 * Reads the bytes of a body as they come.
 * @throws RequestError, and what `onBytes` throws
 */
export async function readBytes(
  req: IncomingMessage,
  maxBytes: number,
  onBytes: (bytes: number) => void,
): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    function take(chunk: Buffer): void {
      size += chunk.length
      if (size > maxBytes) return refuse(tooLarge())
      try {
        onBytes(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        refuse(error as Error)
      }
    }
    function refuse(error: Error): void {
      // The rest is discarded (requestTimeout bounds it): closing the connection would often cut off the answer too.
      req.off('data', take).resume()
      reject(error)
    }
    const tooLarge = () => new RequestError(413, `The body is larger than ${maxBytes} bytes.`)
    const leave = () => reject(new RequestError(400, 'The body is incomplete.'))
    if (req.destroyed) leave()
    req.once('error', leave)
    req.once('end', () => resolve(Buffer.concat(chunks, size)))
    // A body that declares itself too large is refused before a byte of it is read.
    if (Number(req.headers['content-length'] ?? 0) > maxBytes) refuse(tooLarge())
    else req.on('data', take)
  })
}
