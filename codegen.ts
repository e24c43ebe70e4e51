import { readdirSync, readFileSync } from 'node:fs'
import type { CodegenConfig } from '@graphql-codegen/cli'

const CLIENT = 'client/src/'

/** The files with documents, one in five of the client's: codegen would spend half of its time parsing the others. */
const filesWithDocuments = readdirSync(CLIENT, { recursive: true, encoding: 'utf8' })
  .map((name) => CLIENT + name.replaceAll('\\', '/'))
  .filter((path) => /(?<!\.test)\.tsx?$/.test(path) && !path.startsWith(`${CLIENT}graphql/gql/`))
  .filter((path) => readFileSync(path, 'utf8').includes('graphql('))

/**
 * Typed documents for the client, from the printed schema. Run by `npm run codegen`; never edit the output by hand.
 */
const config: CodegenConfig = {
  schema: 'api/schema.graphql',
  documents: filesWithDocuments,
  // A client without any documents still gets the `graphql()` function.
  ignoreNoDocuments: true,
  generates: {
    'client/src/graphql/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: true },
      config: {
        useTypeImports: true,
        importExtension: '.ts',
        // A scalar that is missing below is an error, not an `any`.
        strictScalars: true,
        defaultScalarType: 'unknown',
        scalars: {
          ID: 'string',
          DateTime: 'string',
          JSON: 'unknown',
          Count: 'number',
          SampleCursor: 'string',
          EventCursor: 'string',
        },
        immutableTypes: true,
      },
    },
    'client/src/graphql/gql/keyless-types.ts': { plugins: ['./client/keyless-types.mjs'] },
  },
}

export default config
