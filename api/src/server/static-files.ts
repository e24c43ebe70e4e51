import { readFile, readdir } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import type { Content } from './content.ts'
import { createContent, inlineHashes, sendContent } from './content.ts'
import { sendNotFound, sendText } from '../http/responses.ts'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

/** Vite puts a hash of the content into the names of these files. */
const HASHED = /^\/assets(\/|$)/
const INDEX = '/index.html'
/** The `Accept` header of a browser, or of a program that takes anything. */
const PAGE = /text\/html|^\s*(\*\/\*)?\s*$/

/**
 * The built web client. Requests are looked up in a list of its files, never on the disk, so no path can leave the
 * folder. Every other path is a page of the client. Files are served from memory: sirv, which streams them, leaks a
 * file descriptor for each aborted download and fails on a file that a new build has removed.
 */
export class StaticFiles {
  readonly #folder: string
  readonly #basePath: string
  #paths: Promise<ReadonlyMap<string, string>> | undefined
  readonly #contents = new Map<string, Promise<Content>>()
  #indexPolicy: Promise<string> | undefined

  constructor(folder: string, basePath = '') {
    this.#folder = folder
    this.#basePath = basePath
  }

  /** Whether a file has this path. */
  async has(path: string): Promise<boolean> {
    return (await this.#list()).has(path)
  }

  /** Answers a GET or HEAD for `path`, which begins with a slash and has no query. */
  async send(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const paths = await this.#list()
    const file = paths.get(path)
    if (file !== undefined && path !== INDEX) {
      const cacheControl = HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache'
      await sendContent(req, res, await this.#content(path, file), { cacheControl })
      return
    }
    // A missing file is not a page: an old tab that asks for an old script must not receive HTML.
    const accept = req.headers.accept ?? ''
    const isPage = path === INDEX || accept.includes('text/html') || !(extname(path) in TYPES)
    if (HASHED.test(path) || !isPage) return sendText(res, 404, 'There is no such file.')
    // Nor does a program with a wrong address want one. `/` is the page itself.
    if (path !== '/' && !PAGE.test(accept)) return sendNotFound(req, res)
    const index = paths.get(INDEX)
    if (index === undefined) {
      const hint = 'The web client has not been built. Run "npm run build" (or "npm start", which does it).'
      return sendText(res, 503, `${hint} The API answers at /graphql.`)
    }
    res.setHeader('Content-Security-Policy', await this.#policyOf(index))
    await sendContent(req, res, await this.#content(INDEX, index), { cacheControl: 'no-cache' })
  }

  /**
   * Every file by its URL path. Listed again as long as there is no client, which may be built while the server runs.
   */
  async #list(): Promise<ReadonlyMap<string, string>> {
    const paths = (this.#paths ??= listFiles(this.#folder))
    if (!(await paths).has(INDEX)) this.#paths = undefined
    return await paths
  }

  async #content(path: string, file: string): Promise<Content> {
    let content = this.#contents.get(path)
    if (content === undefined) {
      const type = TYPES[extname(file)] ?? 'application/octet-stream'
      content = readFile(file).then((raw) => createContent(type, path === INDEX ? this.#below(raw) : raw))
      this.#contents.set(path, content)
    }
    return await content
  }

  /**
   * The page, naming its files from the root: the build names them relative to the page, which has many addresses. The
   * client reads the path from the meta element. A base element would need a weaker policy.
   */
  #below(index: Buffer): Buffer {
    const html = index.toString('utf8').replaceAll(/(?<= (?:href|src)=")\.\//g, `${this.#basePath}/`)
    const meta = this.#basePath === '' ? '' : `<meta name="base-path" content="${this.#basePath}" />`
    return Buffer.from(html.replace('</head>', `${meta}</head>`))
  }

  async #policyOf(index: string): Promise<string> {
    return await (this.#indexPolicy ??= readFile(index, 'utf8').then((html) =>
      [
        "default-src 'none'",
        ["script-src 'self'", ...inlineHashes(html, 'script')].join(' '),
        ["style-src 'self'", ...inlineHashes(html, 'style')].join(' '),
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
      ].join('; '),
    ))
  }
}

async function listFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return new Map(
      entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => [`/${relative(folder, file).split(sep).join('/')}`, file]),
    )
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map()
    throw error
  }
}
