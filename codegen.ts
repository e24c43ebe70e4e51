import type { CodegenConfig } from '@graphql-codegen/cli'

/**
 * Typed documents for the client, from the printed schema. Run by `npm run codegen`; never edit the output by hand.
 */
const config: CodegenConfig = {
  schema: 'api/schema.graphql',
  documents: ['client/src/**/*.{ts,tsx}', '!client/src/graphql/gql/**', '!client/src/**/*.test.{ts,tsx}'],
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
