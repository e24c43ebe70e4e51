import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { codingFor, MIN_PACKED_BYTES } from '../http/content-coding.ts'
import { etagOf, isKnown } from '../http/etag.ts'

const zip = promisify(gzip)
const unzip = promisify(gunzip)
const COMPRESSIBLE = /^(text\/|application\/(json|manifest)|image\/svg)/

/** A body that is kept in memory, in the form that nearly every client accepts. */
export interface Content {
  type: string
  etag: string
  isCompressed: boolean
  bytes: Buffer
  /** Uncompressed, for the few clients without gzip. One shared copy: slow readers would otherwise hold one each. */
  plain: () => Promise<Buffer>
}

/** Compresses the body once, if that helps. */
export async function createContent(type: string, raw: Buffer): Promise<Content> {
  const isCompressed = raw.length >= MIN_PACKED_BYTES && COMPRESSIBLE.test(type)
  const bytes = isCompressed ? await zip(raw) : raw
  let plain: Promise<Buffer> | undefined
  return {
    type,
    etag: etagOf(raw),
    isCompressed,
    bytes,
    plain: () => (plain ??= isCompressed ? unzip(bytes) : Promise.resolve(bytes)),
  }
}

/** Answers with the content, or with 304 if the client has it already. */
export async function sendContent(
  req: IncomingMessage,
  res: ServerResponse,
  content: Content,
  { status = 200, cacheControl }: { status?: number; cacheControl: string },
): Promise<void> {
  res.setHeader('ETag', content.etag)
  res.setHeader('Cache-Control', cacheControl)
  res.appendHeader('Vary', 'Accept-Encoding')
  if (status === 200 && isKnown(content.etag, req.headers['if-none-match'])) {
    res.writeHead(304)
    res.end()
    return
  }
  const coding = content.isCompressed ? codingFor(req.headers['accept-encoding'], ['gzip'], Infinity) : 'identity'
  const bytes = coding === 'gzip' ? content.bytes : await content.plain()
  if (coding === 'gzip') res.setHeader('Content-Encoding', 'gzip')
  res.writeHead(status, { 'Content-Type': content.type, 'Content-Length': bytes.length })
  res.end(bytes)
}

/** CSP sources for the inline scripts or styles of a page, which must be served byte for byte as passed here. */
export function inlineHashes(html: string, tag: 'script' | 'style'): string[] {
  const blocks = html.matchAll(new RegExp(`<${tag}(?![^>]*\\ssrc=)[^>]*>([\\s\\S]*?)</${tag}>`, 'g'))
  return [...blocks].map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
}
