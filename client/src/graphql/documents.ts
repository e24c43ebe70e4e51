/**
 * `graphql()` types a document; `readFragment` opens a masked one in the file that declared it. (It is no React hook,
 * whatever codegen calls it.)
 */
export { graphql, useFragment as readFragment } from './gql/index.ts'
export type { FragmentType } from './gql/index.ts'
