import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from './schema.ts'

/** The contract that third parties see, sorted so that a diff shows what changed. */
export const printedSchema = `${printSchema(lexicographicSortSchema(schema))}\n`
