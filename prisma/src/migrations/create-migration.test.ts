import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrationsFolder, schemaFile } from '../package-paths.ts'
import { createMigration, migrationScript } from './create-migration.ts'

const now = new Date('2027-01-02T03:04:05.678Z')
let work: string
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'gaugeline-create-'))
})
afterAll(() => rmSync(work, { recursive: true }))

test('the migrations describe schema.prisma, what was written by hand included', async () => {
  expect(await migrationScript(migrationsFolder, schemaFile)).toBeNull()
  await expect(createMigration('nothing', now, migrationsFolder, schemaFile)).rejects.toThrow(/^The migrations already/)
})

test('a change of the schema becomes a migration that closes the difference', async () => {
  const folder = join(work, 'migrations')
  cpSync(migrationsFolder, folder, { recursive: true })
  const schema = join(work, 'schema.prisma')
  const text = readFileSync(schemaFile, 'utf8')
  writeFileSync(schema, text.replace(/^model Model \{$/m, 'model Model {\n  owner String?'))
  const file = await createMigration('add_owner', now, folder, schema)
  expect(file).toBe(join(folder, '20270102030405_add_owner', 'migration.sql'))
  expect(readFileSync(file, 'utf8')).toContain('ALTER TABLE "models" ADD COLUMN     "owner" TEXT')
  expect(await migrationScript(folder, schema)).toBeNull()
})

test.each([undefined, '', 'With Space', '../up', '1st', 'x'.repeat(61)])('the name %j is refused', async (name) => {
  const folder = join(work, 'none')
  await expect(createMigration(name, now, folder, schemaFile)).rejects.toThrow(/^Name the migration in lower case/)
  expect(existsSync(folder)).toBe(false)
})

test('a migration that fails on the way is an error, not a difference', async () => {
  const folder = join(work, 'broken')
  cpSync(migrationsFolder, folder, { recursive: true })
  const first = readdirSync(folder).find((name) => name.endsWith('_init'))
  if (first === undefined) throw new Error('no first migration')
  writeFileSync(join(folder, first, 'migration.sql'), 'CREATE TABLE models (id nonsense);')
  await expect(migrationScript(folder, schemaFile)).rejects.toThrow(/cannot be applied: type "nonsense" does not exist/)
})
