/** How the session's secret travels in a browser. */
export interface SessionCookie {
  readonly name: string
  /** The secret in a `Cookie` header, if there. */
  read(header: string | undefined): string | undefined
  /** `Set-Cookie` values. */
  set(secret: string): string
  clear(): string
}

export interface SessionCookieOptions {
  /** The port listened on. Cookies ignore ports: without it in the name, another local server would overwrite ours. */
  port: number
  /** Behind https: browsers then never send it in the clear. */
  secure: boolean
  maxAgeSeconds: number
}

/** SameSite=Strict: no other site can make a browser act with it. HttpOnly: no script can read it. */
export function createSessionCookie({ port, secure, maxAgeSeconds }: SessionCookieOptions): SessionCookie {
  const name = `gaugeline_session_${port}`
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  return {
    name,
    read: (header) =>
      header
        ?.split(';')
        .map((pair) => pair.trim())
        .find((pair) => pair.startsWith(`${name}=`))
        ?.slice(name.length + 1),
    set: (secret) => `${name}=${secret}; Max-Age=${maxAgeSeconds}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  }
}
