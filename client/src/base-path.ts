/** The path below which the server serves this client, like `/gaugeline`; empty at the root. The server writes it. */
export const basePath =
  typeof document === 'undefined'
    ? ''
    : (document.querySelector<HTMLMetaElement>('meta[name=base-path]')?.content ?? '')

/** The address of something of this server: every path outside of the client's router goes through this. */
export function serverPath(path: string): string {
  return basePath + path
}
