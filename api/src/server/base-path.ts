/**
 * The URL of a request without the path of PUBLIC_URL. Some proxies have removed that path already, so a URL without it
 * is our own as well.
 */
export function withoutBasePath(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url
  const rest = url.slice(basePath.length)
  if (rest === '' || rest.startsWith('?')) return `/${rest}`
  return rest.startsWith('/') ? rest : url
}
