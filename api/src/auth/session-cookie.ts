/** The cookie that carries the session's secret in a browser. */
export interface SessionCookie {
  readonly name: string
  /**
   * The secret in a `Cookie` header, if there is one; an empty one when there are several, as one of them is not ours.
   */
  read(header: string | undefined): string | undefined
  /** The `Set-Cookie` value that stores the secret. */
  set(secret: string): string
  /** The `Set-Cookie` value that removes it. */
  clear(): string
}

export interface SessionCookieOptions {
  /**
   * The port the server listens on. Cookies ignore ports: without it in the name, another local server would overwrite
   * ours.
   */
  port: number
  /** Whether people use https: browsers then never send the cookie in the clear. */
  secure: boolean
  /** The path of PUBLIC_URL: other applications of the same host never receive the cookie. Empty without one. */
  basePath: string
  maxAgeSeconds: number
}

/**
 * SameSite=Strict: no other site can make a browser act with it. HttpOnly: no script can read it. `__Host-`, which
 * requires https and no path: no other host of the domain can have set it. With a path, `__Secure-`: https has set it.
 */
export function createSessionCookie({ port, secure, basePath, maxAgeSeconds }: SessionCookieOptions): SessionCookie {
  const prefix = basePath === '' ? '__Host-' : '__Secure-'
  const name = `${secure ? prefix : ''}gaugeline_session_${port}`
  const attributes = `Path=${basePath || '/'}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  return {
    name,
    read: (header) => {
      const pairs = header?.split(';').map((pair) => pair.trim()) ?? []
      const ours = pairs.filter((pair) => pair.startsWith(`${name}=`))
      return ours.length > 1 ? '' : ours[0]?.slice(name.length + 1)
    },
    set: (secret) => `${name}=${secret}; Max-Age=${maxAgeSeconds}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  }
}
