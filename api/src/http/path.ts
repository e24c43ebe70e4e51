/**
 * The path of a request, without its query and without a slash at the end: `/graphql/` is `/graphql`. It is not
 * decoded: none of our routes and files needs that.
 */
export function pathOf({ url = '/' }: { url?: string | undefined }): string {
  const path = url.split('?', 1)[0] ?? '/'
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
