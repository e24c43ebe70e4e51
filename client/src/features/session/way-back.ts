const START = '/deployments'

/**
 * The page to open after signing in: `back`, if it is a page of this client. Anybody may have written it, so it is
 * parsed as browsers do, which drop tabs and line ends, and read \ as /.
 */
export function wayBack(back: string | undefined, origin: string): string {
  if (back === undefined || !URL.canParse(back, origin)) return START
  const url = new URL(back, origin)
  if (url.origin !== origin || url.pathname.startsWith('/sign-in')) return START
  // A path that starts with two slashes would be read as a host.
  return url.pathname.startsWith('//') ? START : url.pathname + url.search + url.hash
}
