import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { reasonOf } from '../database-start-error.ts'
import { createEngine } from './engine.ts'
import { readMigrations } from './migration-files.ts'

const filters = { externalTables: [], externalEnums: [] }

/**
 * The SQL that leads from the migrations of a folder to the schema; null when they already describe it. Computed on a
 * database in memory.
 */
export async function migrationScript(migrationsFolder: string, schemaFile: string): Promise<string | null> {
  await using db = await PGlite.create()
  const schema = { path: schemaFile, content: readFileSync(schemaFile, 'utf8') }
  let scriptError: unknown
  const adapter = safeAdapter(db, (error) => {
    scriptError = error
  })
  const engine = await createEngine(adapter, schema)
  try {
    const migrationsList = readMigrations(migrationsFolder)
    await engine.applyMigrations({ migrationsList, filters }).catch((error: unknown) => {
      throw new Error(`The migrations there are cannot be applied: ${reasonOf(scriptError ?? error)}`, { cause: error })
    })
    const { stdout, exitCode } = await engine.diff({
      from: { tag: 'schemaDatasource', files: [schema], configDir: dirname(schemaFile) },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: true,
      exitCode: true,
      filters,
    })
    return exitCode === 0 ? null : stdout
  } finally {
    engine.free()
  }
}

/**
 * Writes the next migration.
 *
 * @returns the path of the file
 * @throws Error with one line for a bad name or when nothing has changed.
 */
export async function createMigration(
  name: string | undefined,
  now: Date,
  migrationsFolder: string,
  schemaFile: string,
): Promise<string> {
  if (name === undefined || !/^[a-z][a-z0-9_]{0,59}$/.test(name)) {
    throw new Error('Name the migration in lower case letters, digits and _, like: npm run migrate:create add_owner')
  }
  const script = await migrationScript(migrationsFolder, schemaFile)
  if (script === null) throw new Error('The migrations already describe schema.prisma: there is nothing to create.')
  const stamp = now.toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = join(migrationsFolder, `${stamp}_${name}`)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'migration.sql')
  writeFileSync(file, script)
  writeFileSync(join(migrationsFolder, 'migration_lock.toml'), 'provider = "postgresql"\n')
  return file
}

// The stock adapter does not wait for its scripts: a failed migration would count as applied.
function safeAdapter(db: PGlite, onScriptError: (error: unknown) => void): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPGlite(db)
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    async connect() {
      const adapter = await factory.connect()
      adapter.executeScript = async (script) => {
        try {
          await db.exec(script)
        } catch (error) {
          onScriptError(error)
          throw error
        }
      }
      return adapter
    },
    connectToShadowDb() {
      throw new Error('Shadow databases are not used')
    },
  }
}
