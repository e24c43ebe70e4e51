import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from './schema.ts'

/** The contract with third parties as SDL, sorted so that a diff shows what changed. */
export const printedSchema = `${printSchema(lexicographicSortSchema(schema))}\n`
