import type { IncomingMessage } from 'node:http'

/** A body that can't be taken. */
export class BodyError extends Error {
  override name = 'BodyError'
  constructor(
    readonly status: 400 | 413 | 415,
    message: string,
  ) {
    super(message)
  }
}

/**
 * The JSON value that a request brings.
 * @param mediaTypes what its Content-Type may be. A form or plain text is refused: a page of another site can send
 *   those without asking.
 * @throws BodyError
 */
export async function readJson(
  req: IncomingMessage,
  maxBytes: number,
  mediaTypes: readonly string[],
): Promise<unknown> {
  const [mediaType = '', ...parameters] = (req.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  if (!mediaTypes.includes(mediaType) || (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset))) {
    throw new BodyError(415, `Send Content-Type: ${mediaTypes.join(' or ')}, in UTF-8.`)
  }
  if (req.headers['content-encoding'] !== undefined) throw new BodyError(415, 'Send the body without Content-Encoding.')

  const text = decode(await readBytes(req, maxBytes))
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new BodyError(400, 'The body is not valid JSON.')
  }
}

async function readBytes(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // What says at once that it is too large is refused before a byte of it is read.
  let isTooLarge = Number(req.headers['content-length'] ?? 0) > maxBytes
  if (!isTooLarge) {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('A request without an encoding gives buffers.')
      size += chunk.length
      isTooLarge = size > maxBytes
      if (isTooLarge) break
      chunks.push(chunk)
    }
  }
  if (!isTooLarge) return Buffer.concat(chunks, size)
  // The rest flows away unread (requestTimeout bounds it): cutting the connection would often cut the answer off too.
  req.resume()
  throw new BodyError(413, `The body is larger than ${maxBytes} bytes.`)
}

function decode(bytes: Buffer): string {
  try {
    // Fatal: a broken sequence is refused, never silently replaced. A byte order mark is no part of JSON.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new BodyError(400, 'The body is not valid UTF-8.')
  }
}
