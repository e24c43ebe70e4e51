import { relative } from 'node:path'
import { reasonOf } from '../database-start-error.ts'
import { migrationsFolder, packageFolder, schemaFile } from '../package-paths.ts'
import { createMigration } from './create-migration.ts'

// npm run migrate:create NAME
try {
  const file = await createMigration(process.argv[2], new Date(), migrationsFolder, schemaFile)
  console.log(`Created prisma/${relative(packageFolder, file)}`)
} catch (error) {
  console.error(reasonOf(error))
  process.exitCode = 1
}
