/** How the session's secret travels in a browser. */
export interface SessionCookie {
  readonly name: string
  /** The secret in a `Cookie` header, if there; an empty one when there are several: one of them is not from us. */
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

/**
 * SameSite=Strict: no other site can make a browser act with it. HttpOnly: no script can read it. `__Host-`, which takes
 * https: no other host of the domain can have set it.
 */
export function createSessionCookie({ port, secure, maxAgeSeconds }: SessionCookieOptions): SessionCookie {
  const name = `${secure ? '__Host-' : ''}gaugeline_session_${port}`
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
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
