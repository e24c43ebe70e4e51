/**
 * `graphql()` types a document; `readFragment` unmasks a fragment in the file that declares it. (Codegen names it like
 * a React hook, but it is not one.)
 */
export { graphql, useFragment as readFragment } from './gql/index.ts'
export type { FragmentType } from './gql/index.ts'
