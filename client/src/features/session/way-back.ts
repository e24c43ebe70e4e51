const START = '/deployments'

/**
 * Where somebody goes once signed in: `back`, when it is a page of ours. Anybody may have written it, so it counts as
 * what browsers take it for: they drop tabs and line ends, and read \ as /.
 */
export function wayBack(back: string | undefined, origin: string): string {
  if (back === undefined || !URL.canParse(back, origin)) return START
  const url = new URL(back, origin)
  if (url.origin !== origin || url.pathname.startsWith('/sign-in')) return START
  // A path that begins with two slashes would be taken for a host.
  return url.pathname.startsWith('//') ? START : url.pathname + url.search + url.hash
}
